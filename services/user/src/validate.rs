//! Texts that clients write, by the rules of `validation`, and ids.

use chassis::{Error, Result, ids};
use validation::{Invalid, text};

/// Maximum length of a username or password at sign-in, in characters: accounts
/// from before names were as short as other texts may have so long a name.
pub const MAX_SIGN_IN_LEN: usize = 200;

/// Reads one line of text ([`text::line`]); `name` says which field it is.
pub fn line(name: &str, text: &str) -> Result<String> {
    named(name, text::line(text))
}

/// As [`line()`], and the text must not be empty.
pub fn required(name: &str, text: &str) -> Result<String> {
    let text = line(name, text)?;
    if text.is_empty() {
        return Err(Error::invalid(format!("{name} must not be empty")));
    }
    Ok(text)
}

/// Says which field a rule is about.
pub(crate) fn named<T>(name: &str, outcome: Result<T, Invalid>) -> Result<T> {
    outcome.map_err(|problem| Error::invalid(format!("{name} {problem}")))
}

/// Whether somebody may have registered with `text` as name or password.
#[must_use]
pub fn is_fit(text: &str) -> bool {
    text.chars().take(MAX_SIGN_IN_LEN + 1).count() <= MAX_SIGN_IN_LEN
        && !text.chars().any(char::is_control)
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
    fn a_refusal_names_the_field() {
        let refused = required("city", " ").unwrap_err();
        assert_eq!(refused.to_string(), "city must not be empty");
        let refused = line("city", &"x".repeat(101)).unwrap_err();
        assert_eq!(refused.to_string(), "city must have at most 100 characters");
        assert_eq!(line("city", " Leeds ").unwrap(), "Leeds");
    }

    #[test]
    fn ids_are_stored_in_lower_case() {
        let id = id("57A98D98E4B00679B4A830AF").unwrap();
        assert_eq!(id, "57a98d98e4b00679b4a830af");
        assert_eq!(optional_id("").unwrap(), None);
        assert!(optional_id("xyz").is_err());
    }
}
