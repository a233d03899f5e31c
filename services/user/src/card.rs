//! Cards: what pays for socks. A whole number never leaves this file.

use chassis::{Error, Result};

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
    /// 12 to 19 digits; spaces are ignored.
    pub number: String,
    /// `MM/YY` or `MM/YYYY`, or empty. It may lie in the past: the shop's own
    /// sample cards do.
    pub expires: String,
    /// Three or four digits, or empty.
    pub security_code: String,
}

impl NewCard {
    /// Checks the card and forgets what must not be kept. There is no Luhn
    /// check: the shop's own sample cards fail it.
    pub fn masked(self, id: String) -> Result<Card> {
        let digits: String = self.number.split_whitespace().collect();
        if !is_number(&digits, 12..=19) {
            return Err(Error::invalid("a card number must be 12 to 19 digits"));
        }
        let expires = self.expires.trim();
        if !expires.is_empty() && !is_expiry(expires) {
            return Err(Error::invalid("expires must be MM/YY or MM/YYYY"));
        }
        let code = self.security_code.trim();
        if !code.is_empty() && !is_number(code, 3..=4) {
            return Err(Error::invalid("a security code must be 3 or 4 digits"));
        }
        Ok(Card {
            id,
            masked_number: mask(&digits),
            expires: expires.to_owned(),
        })
    }
}

fn mask(digits: &str) -> String {
    let (hidden, shown) = digits.split_at(digits.len().saturating_sub(4));
    format!("{}{shown}", "*".repeat(hidden.len()))
}

fn is_number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_expiry(text: &str) -> bool {
    text.split_once('/').is_some_and(|(month, year)| {
        is_number(month, 2..=2)
            && ("01"..="12").contains(&month)
            && (is_number(year, 2..=2) || is_number(year, 4..=4))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: &str, expires: &str, code: &str) -> Result<Card> {
        NewCard {
            number: number.into(),
            expires: expires.into(),
            security_code: code.into(),
        }
        .masked("id".into())
    }

    #[test]
    fn only_the_last_four_digits_are_kept() {
        let card = read("0908 4151 9317 5205", "08/19", "280").unwrap();
        assert_eq!(card.masked_number, "************5205");
        assert_eq!(
            read("5429804235432", "", "").unwrap().masked_number,
            "*********5432"
        );
    }

    #[test]
    fn both_forms_of_expiry_are_read() {
        for good in ["08/19", "11/2020", "12/99", ""] {
            assert!(read("4000123412341234", good, "").is_ok(), "{good}");
        }
        for bad in [
            "13/20", "00/20", "1/20", "11-20", "11/202", "aa/bb", "1/1/20",
        ] {
            assert!(read("4000123412341234", bad, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for bad in [
            "",
            "1",
            "************5918",
            "40001234123412341234",
            "٤٠٠٠١٢٣٤١٢٣٤",
        ] {
            assert!(read(bad, "", "").is_err(), "{bad}");
        }
        for bad in ["12", "12345", "abc", "***"] {
            assert!(read("4000123412341234", "", bad).is_err(), "{bad}");
        }
    }
}
