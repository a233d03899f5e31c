//! Names of versions: parts of DNS labels and tags of images at once.

/// The longest name: behind the name of any service and a hyphen it is still a DNS
/// label of 63 characters (RFC 1035, section 2.3.4).
const MAX_LENGTH: usize = 50;

/// Fails, and says why, when `name` cannot be a version: it has to suit DNS labels
/// (RFC 1123, section 2.1; a dot becomes a hyphen there) and tags of images (OCI
/// distribution specification) alike.
pub fn check(name: &str) -> Result<(), String> {
    let is_outer = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_inner = |letter: char| is_outer(letter) || matches!(letter, '-' | '.');
    let fits = (1..=MAX_LENGTH).contains(&name.len())
        && name.chars().all(is_inner)
        && name.starts_with(is_outer)
        && name.ends_with(is_outer);
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot be a version: it must be 1 to {MAX_LENGTH} lower-case letters, digits, \
         hyphens and dots, with a letter or a digit at both ends, such as v2 or 0.2.0"
    ))
}

/// Reads the name of a version from a command line.
pub fn parse(name: &str) -> Result<String, String> {
    check(name).map(|()| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_suits_dns_and_images() {
        for good in ["v2", "0.1.0", "v2-slow-start", "2026-11-27", "a"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "v".repeat(MAX_LENGTH + 1);
        for bad in [
            "", "V2", "v_2", "-v2", "v2-", ".v2", "v2.", "v 2", "v2/x", "v2:x", "v2@x", "../x",
            "größer", "v2\n", &long,
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
