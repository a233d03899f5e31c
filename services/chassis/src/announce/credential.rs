//! What one service shows to a mesh node.

use std::fmt;
use std::str::FromStr;

use super::Token;

/// Length of the secret part, in hexadecimal digits: 256 bits.
const SECRET_DIGITS: usize = 64;

/// Longest name of a service: that of a DNS label (RFC 1035).
const MAX_NAME_BYTES: usize = 63;

/// Credential of one service, derived from the mesh key and written as
/// `SERVICE.SECRET`. Mesh nodes work it out again from the key they hold, so that
/// nobody has to keep a list of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    service: String,
    secret: String,
}

impl Credential {
    /// The credential of `service` with the hexadecimal `secret`.
    pub(super) fn new(service: String, secret: String) -> Self {
        Self { service, secret }
    }

    /// The service it belongs to.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The credential as it is handed out, secret included.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}.{}", self.service, self.secret)
    }

    /// The token that its holder adds to every call.
    pub fn token(&self) -> anyhow::Result<Token> {
        Token::bearer(&self.expose())
    }
}

impl FromStr for Credential {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "a mesh credential is SERVICE.SECRET, as `sockshop mesh credential` prints it";
        let (service, secret) = text.split_once('.').ok_or_else(wrong)?;
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let is_service =
            (1..=MAX_NAME_BYTES).contains(&service.len()) && service.chars().all(is_name);
        let is_secret =
            secret.len() == SECRET_DIGITS && secret.chars().all(|digit| digit.is_ascii_hexdigit());
        if !is_service || !is_secret {
            return Err(wrong().to_owned());
        }
        Ok(Self::new(service.to_owned(), secret.to_owned()))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credential({}, ..)", self.service)
    }
}

/// The bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::MeshKey;
    use super::*;

    fn credential() -> Credential {
        let key: MeshKey = "long enough a key".parse().unwrap();
        key.credential("queue-master")
    }

    #[test]
    fn a_credential_is_read_as_it_is_written() {
        assert_eq!(credential().expose().parse(), Ok(credential()));
        assert_eq!(credential().service(), "queue-master");
    }

    #[test]
    fn other_texts_are_no_credentials() {
        let short = credential().expose().replace("queue-master", "");
        for text in ["", "orders", "orders.", "orders.1234", &short] {
            let refused = text.parse::<Credential>().unwrap_err();
            assert!(refused.contains("SERVICE.SECRET"), "{refused}");
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        assert_eq!(
            format!("{:?}", credential()),
            "Credential(queue-master, ..)"
        );
    }
}
