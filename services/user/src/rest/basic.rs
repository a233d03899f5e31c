//! `Authorization: Basic` (RFC 7617).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64ct::{Base64, Encoding};

/// The name and the password in `headers`, if they can be read.
pub(super) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Base64::decode_vec(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        credentials(&headers)
    }

    #[test]
    fn a_password_may_hold_colons() {
        let encoded = Base64::encode_string("ada:a:b".as_bytes());
        let expected = Some(("ada".to_owned(), "a:b".to_owned()));
        assert_eq!(read(&format!("Basic {encoded}")), expected);
        assert_eq!(read(&format!("basic {encoded}")), expected);
    }

    #[test]
    fn what_cannot_be_read_is_nobody() {
        let no_colon = Base64::encode_string(b"ada");
        let no_text = Base64::encode_string(b"\xff:\xff");
        for header in ["Basic", "Basic !", "Bearer YWRhOmE=", ""] {
            assert_eq!(read(header), None, "{header}");
        }
        for encoded in [no_colon, no_text] {
            assert_eq!(read(&format!("Basic {encoded}")), None);
        }
        assert_eq!(credentials(&HeaderMap::new()), None);
    }
}
