//! What clients may write: bounded, and free of what no database takes.

use chassis::{Error, Result, ids};

/// No name, street or password is longer, in characters.
pub const LONGEST: usize = 200;

/// Checks that `text` is short and has no control characters; `name` says
/// which field it is.
pub fn check(name: &str, text: &str) -> Result<()> {
    if is_fit(text) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name} must be at most {LONGEST} characters, without control characters"
    )))
}

/// As [`check`], and `text` must not be empty.
pub fn require(name: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(format!("{name} must not be empty")));
    }
    check(name, text)
}

/// Whether `text` could be kept.
#[must_use]
pub fn is_fit(text: &str) -> bool {
    text.chars().take(LONGEST + 1).count() <= LONGEST && !text.chars().any(char::is_control)
}

/// Reads an id, in the one form it is stored in.
pub fn id(text: &str) -> Result<String> {
    if !ids::is_id(text) {
        return Err(Error::invalid("an id must be 24 hex digits"));
    }
    Ok(text.to_ascii_lowercase())
}

/// As [`id`], where an empty text means nobody.
pub fn optional_id(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    id(text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_in_characters_not_bytes() {
        assert!(check("city", &"å".repeat(LONGEST)).is_ok());
        assert!(check("city", &"å".repeat(LONGEST + 1)).is_err());
        assert!(check("city", "Gla\0sgow").is_err());
        assert!(check("city", "").is_ok() && require("city", "").is_err());
    }

    #[test]
    fn ids_are_stored_in_lower_case() {
        let id = id("57A98D98E4B00679B4A830AF").unwrap();
        assert_eq!(id, "57a98d98e4b00679b4a830af");
        assert_eq!(optional_id("").unwrap(), None);
        assert!(optional_id("xyz").is_err());
    }
}
