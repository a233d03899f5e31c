//! Cards: what pays for socks. A whole number never leaves this file.

use chassis::{Result, clock};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use validation::card::{self, Month};

use crate::validate::named;

/// A means to pay.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Card {
    /// Names the card in URLs and orders.
    pub id: String,
    /// Asterisks and the last four digits.
    pub masked_number: String,
    /// `MM/YY` or `MM/YYYY`, or empty.
    pub expires: String,
}

/// A card as its owner reads it off. It is not `Debug`.
#[derive(Clone)]
pub struct NewCard {
    /// 12 to 19 digits, grouped in any way.
    pub number: String,
    /// Month and year, or empty.
    pub expires: String,
    /// Three or four digits, or empty.
    pub security_code: String,
}

/// What is stored of a new card.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskedCard {
    /// What everybody may see.
    pub card: Card,
    /// Tells cards with the same last four digits apart, where there is a
    /// [`CardKey`].
    pub fingerprint: Option<String>,
}

/// Whether a card whose expiry date is over may be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// It may, as in the original's API: the shop's own sample cards are over.
    Accepted,
    /// Expired cards are refused.
    Refused,
}

/// What a new card is checked by.
#[derive(Clone, Copy, Debug)]
pub struct CardPolicy<'a> {
    /// Whether its expiry date may be over.
    pub expired: Expired,
    /// Current month, for expiry checks.
    pub now: Month,
    /// What its number is fingerprinted with, if anything.
    pub key: Option<&'a CardKey>,
}

impl CardPolicy<'_> {
    /// For clients of the original's API.
    #[must_use]
    pub fn original() -> Self {
        Self {
            expired: Expired::Accepted,
            now: card::month_at(clock::now_ms()),
            key: None,
        }
    }
}

impl<'a> CardPolicy<'a> {
    /// For the shop's own API.
    #[must_use]
    pub fn own(key: Option<&'a CardKey>) -> Self {
        Self {
            expired: Expired::Refused,
            key,
            ..CardPolicy::original()
        }
    }
}

/// The secret that card numbers are fingerprinted with. With it, numbers could
/// be found by trying all there are: it is kept apart from the database.
#[derive(Clone)]
pub struct CardKey(String);

/// Minimum length of a [`CardKey`], in characters.
const MIN_KEY_LENGTH: usize = 32;

impl CardKey {
    /// Takes a secret of 32 characters or more.
    pub fn read(secret: &str) -> std::result::Result<Self, String> {
        let secret = secret.trim();
        if secret.chars().count() < MIN_KEY_LENGTH {
            return Err(format!("it has fewer than {MIN_KEY_LENGTH} characters"));
        }
        Ok(Self(secret.to_owned()))
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn fingerprint(&self, digits: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("any length is fine");
        let tag = mac.chain_update(digits).finalize().into_bytes();
        let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
        tag.iter().fold(String::new(), hex)
    }
}

impl std::fmt::Debug for CardKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CardKey(..)")
    }
}

impl NewCard {
    /// Checks the card and forgets what must not be kept.
    pub fn masked(self, id: String, policy: CardPolicy<'_>) -> Result<MaskedCard> {
        let digits = named("card number", card::number(&self.number))?;
        let now = policy.now;
        let expires = match (self.expires.trim(), policy.expired) {
            ("", _) => String::new(),
            (text, Expired::Accepted) => named("expires", card::any_expiry(text, now))?,
            (text, Expired::Refused) => named("expires", card::expiry(text, now))?,
        };
        if !self.security_code.trim().is_empty() {
            named("security code", card::security_code(&self.security_code))?;
        }
        Ok(MaskedCard {
            card: Card {
                id,
                masked_number: mask(&digits),
                expires,
            },
            fingerprint: policy.key.map(|key| key.fingerprint(&digits)),
        })
    }
}

impl MaskedCard {
    /// Whether `saved` is the same card, as far as can be told from what was
    /// stored of it.
    #[must_use]
    pub fn is_same(&self, saved: &Card, fingerprint: Option<&str>) -> bool {
        let end = |card: &Card| card::month(&card.expires).ok_or(card.expires.clone());
        let is_other_number = self.fingerprint.as_deref().zip(fingerprint);
        self.card.masked_number == saved.masked_number
            && end(&self.card) == end(saved)
            && is_other_number.is_none_or(|(one, other)| one == other)
    }
}

fn mask(digits: &str) -> String {
    let (hidden, shown) = digits.split_at(digits.len().saturating_sub(4));
    format!("{}{shown}", "*".repeat(hidden.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Month = (2026, 11);
    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn card(number: &str, expires: &str) -> NewCard {
        NewCard {
            number: number.into(),
            expires: expires.into(),
            security_code: "123".into(),
        }
    }

    fn read(number: &str, expires: &str, over: Expired) -> Result<Card> {
        let policy = CardPolicy {
            expired: over,
            now: NOW,
            key: None,
        };
        let masked = card(number, expires).masked("id".into(), policy)?;
        Ok(masked.card)
    }

    #[test]
    fn only_the_last_four_digits_are_kept() {
        let kept = read("0908-4151 9317-5205", "04 / 39", Expired::Refused).unwrap();
        assert_eq!(
            (&*kept.masked_number, &*kept.expires),
            ("************5205", "04/39")
        );
        let kept = read("5429804235432", "", Expired::Refused).unwrap();
        assert_eq!(kept.masked_number, "*********5432");
    }

    #[test]
    fn a_card_that_is_over_is_for_clients_of_the_original_only() {
        let number = "4000123412341234";
        for over in ["08/19", "11/2020"] {
            assert!(read(number, over, Expired::Accepted).is_ok(), "{over}");
            let refused = read(number, over, Expired::Refused).unwrap_err();
            assert!(refused.to_string().starts_with("expires is over"));
        }
        for bad in ["08/2219", "13/29", "0429", "soon"] {
            assert!(read(number, bad, Expired::Accepted).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_card_is_known_by_what_is_stored_of_it() {
        let key = CardKey::read(KEY).unwrap();
        let policy = CardPolicy {
            expired: Expired::Refused,
            now: NOW,
            key: Some(&key),
        };
        let keyed = |number, expires| card(number, expires).masked("id".into(), policy).unwrap();
        let one = keyed("4000123412341234", "04/39");
        let same = keyed("4000 1234 1234 1234", "04/2039");
        let twin = keyed("4000999912341234", "04/39");
        assert!(one.is_same(&same.card, same.fingerprint.as_deref()));
        assert!(!one.is_same(&twin.card, twin.fingerprint.as_deref()));
        assert!(one.is_same(&twin.card, None), "no key, no difference");
        let later = keyed("4000123412341234", "05/39");
        assert!(!one.is_same(&later.card, later.fingerprint.as_deref()));
        assert!(!format!("{one:?}").contains("40001234"));
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!(CardKey::read("short").is_err());
        assert_eq!(format!("{:?}", CardKey::read(KEY).unwrap()), "CardKey(..)");
    }
}
