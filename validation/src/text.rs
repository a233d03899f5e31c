//! Texts: names, addresses and passwords.
//!
//! Unicode spells `ë` as one character or as two, and keyboards differ in it:
//! texts are stored and compared in Normalization Form C (UAX #15), so that
//! both are the same name.

use unicode_normalization::{UnicodeNormalization, is_nfc_quick, is_nfd_quick};

use crate::Invalid;

/// Maximum length of a name or of a part of an address, in characters.
pub const MAX_LENGTH: usize = 100;

/// Maximum length of a password, in characters.
pub const MAX_PASSWORD_LENGTH: usize = 200;

/// Reads one line of text: without the blanks around it, in Normalization Form
/// C, at most [`MAX_LENGTH`] characters and none of them a control character.
/// It may be empty.
pub fn line(text: &str) -> Result<String, Invalid> {
    let text = normalized(text.trim());
    check(&text, MAX_LENGTH)?;
    Ok(text)
}

/// Reads an e-mail address: as [`line()`], with something on both sides of one
/// `@` and no blanks. It may be empty. Only a letter sent there could prove more.
pub fn email(text: &str) -> Result<String, Invalid> {
    let text = line(text)?;
    let is_address = text.split_once('@').is_some_and(|(name, host)| {
        let is_complete = !name.is_empty() && !host.is_empty() && !host.contains('@');
        is_complete && !text.contains(char::is_whitespace)
    });
    if text.is_empty() || is_address {
        return Ok(text);
    }
    Err(Invalid::new("should look like ada@example.org"))
}

/// Checks a password, of which every character counts, blanks included.
pub fn check_password(password: &str) -> Result<(), Invalid> {
    check(&normalized(password), MAX_PASSWORD_LENGTH)
}

/// The text in Normalization Form C.
#[must_use]
pub fn normalized(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        unicode_normalization::IsNormalized::Yes => text.to_owned(),
        _ => text.nfc().collect(),
    }
}

/// Every spelling under which `text` may have been stored, each once:
/// Normalization Form C first, then D, then as it was typed. For most texts
/// they are the same.
///
/// What was stored before texts were normalized is in the form that the
/// keyboard of its owner made.
#[must_use]
pub fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![normalized(text)];
    let decomposed = match is_nfd_quick(text.chars()) {
        unicode_normalization::IsNormalized::Yes => text.to_owned(),
        _ => text.nfd().collect(),
    };
    for spelling in [decomposed, text.to_owned()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

fn check(text: &str, most: usize) -> Result<(), Invalid> {
    if text.chars().take(most + 1).count() > most {
        let message = format!("must have at most {most} characters");
        return Err(Invalid::new(message));
    }
    if text.contains(char::is_control) {
        return Err(Invalid::new("must not have control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_letters_are_the_same_text() {
        assert_eq!(line("Zo\u{eb}"), line("Zoe\u{308}"));
        assert_eq!(line(" \u{a0}Ada Moss\u{3000} ").unwrap(), "Ada Moss");
    }

    #[test]
    fn a_text_is_bounded_in_characters_as_they_are_stored() {
        assert!(line(&"e\u{308}".repeat(MAX_LENGTH)).is_ok());
        let refused = line(&"x".repeat(MAX_LENGTH + 1)).unwrap_err();
        assert_eq!(refused.to_string(), "must have at most 100 characters");
        assert!(line("Gla\0sgow").is_err() && line("").is_ok());
    }

    #[test]
    fn an_email_needs_two_halves() {
        for good in ["", "ada@example.org", " a+b@[::1] "] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["ada", "@x", "ada@", "a@b@c", "a b@c"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn blanks_around_a_password_count() {
        assert!(check_password(" ").is_ok());
        assert!(check_password(&"x".repeat(MAX_PASSWORD_LENGTH + 1)).is_err());
    }

    #[test]
    fn a_text_of_plain_letters_has_one_spelling() {
        assert_eq!(spellings("ada"), ["ada"]);
        assert_eq!(spellings("Zo\u{eb}"), ["Zo\u{eb}", "Zoe\u{308}"]);
        assert_eq!(spellings("Zoe\u{308}"), ["Zo\u{eb}", "Zoe\u{308}"]);
        let mixed = "\u{eb}e\u{308}";
        assert_eq!(spellings(mixed).len(), 3);
    }
}
