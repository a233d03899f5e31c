//! The secret that cookies and forms are signed with.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

/// Minimum length of a session key in bytes.
const MIN_KEY_BYTES: usize = 32;

/// Random bytes in front of a signature.
const SALT: usize = 16;

/// A secret shared by all front-ends of one shop. Clones are the same key.
#[derive(Clone)]
pub struct Key {
    cookies: tower_cookies::Key,
    forms: [u8; 64],
    shop_id: String,
}

impl Key {
    /// A new key, good for as long as this process runs.
    #[must_use]
    pub fn random() -> Self {
        Self::from_secret(&rand::random::<[u8; 64]>())
    }

    /// Reads a key written in hex or base64.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('=');
        let bytes = hex(text)
            .or_else(|| STANDARD_NO_PAD.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text).ok())
            .ok_or("it is neither hex nor base64")?;
        if bytes.len() < MIN_KEY_BYTES {
            return Err(format!("it holds fewer than {MIN_KEY_BYTES} bytes"));
        }
        Ok(Self::from_secret(&bytes))
    }

    fn from_secret(secret: &[u8]) -> Self {
        Self {
            cookies: tower_cookies::Key::from(&derive(secret, b"cookies")),
            forms: derive(secret, b"forms"),
            shop_id: short_hex(derive(secret, b"shop id")),
        }
    }

    /// Identifier of the shop whose key this is, 8 hex digits: cookies of two
    /// shops on one host are told apart by it. It tells nothing of the key.
    #[must_use]
    pub fn shop_id(&self) -> &str {
        &self.shop_id
    }

    /// The key for signed cookies.
    pub(crate) fn cookies(&self) -> &tower_cookies::Key {
        &self.cookies
    }

    /// Signs `text` for use in a form, differently each time: how well a page
    /// compresses then tells nothing about what stands in the next one (BREACH).
    pub(crate) fn sign(&self, text: &str) -> String {
        let salt: [u8; SALT] = rand::random();
        let tag = self.mac(&salt, text).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&salt[..], &tag].concat())
    }

    /// Whether `signature` is what [`sign`](Self::sign) gave for `text`; takes
    /// equally long either way.
    pub(crate) fn signed(&self, text: &str, signature: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let (salt, tag) = bytes.split_at(SALT.min(bytes.len()));
        self.mac(salt, text).verify_slice(tag).is_ok()
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, salt: &[u8], text: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.forms);
        let mac = mac.expect("any length is fine").chain_update(salt);
        mac.chain_update(text)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(..)")
    }
}

/// One secret, a key for each purpose.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn derive(secret: &[u8], purpose: &[u8]) -> [u8; 64] {
    let mac = Hmac::<Sha512>::new_from_slice(secret).expect("any length is fine");
    mac.chain_update(purpose).finalize().into_bytes().into()
}

/// The first four bytes, in hex.
fn short_hex([one, two, three, four, ..]: [u8; 64]) -> String {
    format!("{:08x}", u32::from_be_bytes([one, two, three, four]))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_hex_and_base64_alike() {
        let hex = "00ff".repeat(16);
        let bytes = [0, 255].repeat(16);
        let base64 = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let [one, other] = [&*hex, &*base64].map(|text| Key::read(text).unwrap());
        assert!(one.signed("x", &other.sign("x")));
    }

    #[test]
    fn short_or_unreadable_keys_are_refused() {
        assert!(Key::read("00ff").is_err());
        assert!(Key::read(&"!".repeat(64)).is_err());
    }

    #[test]
    fn a_signature_fits_one_text_and_one_key() {
        let (one, two) = (Key::random(), Key::random());
        let signature = one.sign("session");
        assert!(one.signed("session", &signature));
        assert!(!one.signed("another", &signature));
        assert!(!two.signed("session", &signature));
        assert!(!one.signed("session", "") && !one.signed("session", "%"));
        assert!(!one.signed("session", &signature[..20]));
    }

    #[test]
    fn no_two_forms_hold_the_same_signature() {
        let key = Key::random();
        let (one, two) = (key.sign("session"), key.sign("session"));
        assert_ne!(one[SALT * 2..], two[SALT * 2..]);
        assert!(key.signed("session", &one) && key.signed("session", &two));
    }

    #[test]
    fn a_shop_keeps_its_identifier_and_shares_it_with_no_other() {
        let read = |digit: &str| Key::read(&digit.repeat(64)).unwrap();
        assert_eq!(read("0").shop_id(), read("0").shop_id());
        assert_ne!(read("0").shop_id(), read("1").shop_id());
        assert_eq!(read("0").shop_id().len(), 8);
    }

    #[test]
    fn keys_do_not_show_in_logs() {
        assert_eq!(format!("{:?}", Key::random()), "Key(..)");
    }
}
