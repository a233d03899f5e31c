//! Cards: numbers, expiry dates and security codes, as people and browsers
//! write them.
//!
//! Compatibility characters are taken for what they stand for (Normalization
//! Form KC, UAX #15): no-break spaces for spaces, full-width digits for digits.
//! There is no Luhn check: the sample cards of the shop fail it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization;

use crate::Invalid;

/// How far in the future a card may expire, in years.
pub const MAX_YEARS_AHEAD: i32 = 50;

/// A month of a year, such as `(2029, 4)`.
pub type Month = (i32, u8);

/// The month of a time in milliseconds since the Unix epoch, in UTC.
#[must_use]
pub fn month_at(at_ms: i64) -> Month {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let date = at.to_zoned(TimeZone::UTC).date();
    (date.year().into(), date.month().unsigned_abs())
}

/// Reads a card number: 12 to 19 digits, with blanks and dashes anywhere.
/// Returns the digits.
pub fn number(text: &str) -> Result<String, Invalid> {
    let digits: String = plain(text)
        .filter(|letter| !letter.is_whitespace() && !is_dash(*letter))
        .collect();
    if !is_digits(&digits, 12, 19) {
        return Err(Invalid::new("needs 12 to 19 digits"));
    }
    Ok(digits)
}

/// Reads a security code: three or four digits.
pub fn security_code(text: &str) -> Result<String, Invalid> {
    let code: String = plain(text).collect();
    let code = code.trim();
    if !is_digits(code, 3, 4) {
        return Err(Invalid::new("needs three or four digits"));
    }
    Ok(code.to_owned())
}

/// Reads the expiry date of a card that is used now, in the month `now`: as
/// [`any_expiry`], and the month must not be over.
pub fn expiry(text: &str, now: Month) -> Result<String, Invalid> {
    let expiry = any_expiry(text, now)?;
    if month(&expiry) < Some(now) {
        return Err(Invalid::new("is over: use a card that is still good"));
    }
    Ok(expiry)
}

/// Reads an expiry date that may be over: month and year with a slash or a
/// dash between them, no more than [`MAX_YEARS_AHEAD`] years after `now`.
/// Returns it as `MM/YY` or `MM/YYYY`, whichever was meant.
pub fn any_expiry(text: &str, now: Month) -> Result<String, Invalid> {
    let unreadable = || Invalid::new("should look like 04/29");
    let text: String = plain(text)
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| if is_dash(letter) { '/' } else { letter })
        .collect();
    let (month_typed, year) = text.split_once('/').ok_or_else(unreadable)?;
    if !is_digits(month_typed, 1, 2) {
        return Err(unreadable());
    }
    let expiry = format!("{month_typed:0>2}/{year}");
    let (ends, _) = month(&expiry).ok_or_else(unreadable)?;
    if ends > now.0 + MAX_YEARS_AHEAD {
        return Err(Invalid::new("is too far away: check the year"));
    }
    Ok(expiry)
}

/// The month that an expiry date of the form `MM/YY` or `MM/YYYY` names. Both
/// forms of a month are equal.
#[must_use]
pub fn month(expiry: &str) -> Option<Month> {
    let (month, year) = expiry.split_once('/')?;
    let century = match year.len() {
        2 => 2000,
        4 => 0,
        _ => return None,
    };
    if !is_digits(month, 2, 2) || !is_digits(year, 2, 4) {
        return None;
    }
    let month = month.parse().ok().filter(|month| (1..=12).contains(month));
    Some((century + year.parse::<i32>().ok()?, month?))
}

fn plain(text: &str) -> impl Iterator<Item = char> {
    text.nfkc()
}

/// Whether it is a hyphen or a dash (U+2010 to U+2015) or a minus sign.
fn is_dash(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Month = (2026, 11);

    #[test]
    fn a_number_is_read_however_it_is_grouped() {
        for good in [
            "4111111111111111",
            "4111-1111-1111-1111",
            "4111 1111 1111 1111",
            " 4111\u{a0}1111\u{202f}1111\u{2009}1111\n",
            "4111\u{2011}1111\u{2013}1111\u{2212}1111",
            "\u{ff14}111\u{3000}1111\u{ff0d}1111 1111",
        ] {
            assert_eq!(number(good).as_deref(), Ok("4111111111111111"), "{good}");
        }
        for bad in [
            "",
            "4111",
            "4111 1111 1111 111x",
            "41111111111111111111",
            "************5918",
            "٤٠٠٠١٢٣٤١٢٣٤",
        ] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expiry_date_is_read_as_browsers_fill_it_in() {
        for (typed, read) in [
            ("04/39", "04/39"),
            ("04 / 39", "04/39"),
            ("04/ 2039", "04/2039"),
            ("04-39", "04/39"),
            ("4/39", "04/39"),
            ("\u{a0}04\u{2013}2039 ", "04/2039"),
            ("\u{ff10}4\u{ff0f}39", "04/39"),
            ("11/26", "11/26"),
            ("11/76", "11/76"),
        ] {
            assert_eq!(expiry(typed, NOW).as_deref(), Ok(read), "{typed}");
        }
        assert_eq!(month("04/39"), month("04/2039"));
    }

    #[test]
    fn an_expiry_date_that_makes_no_sense_is_refused_with_the_reason() {
        for bad in [
            "",
            "13/29",
            "00/29",
            "0429",
            "04/029",
            "04/29/30",
            "x/29",
            "04/",
            "/29",
            "004/29",
            "04/2\u{e9}",
        ] {
            let refused = expiry(bad, NOW).unwrap_err();
            assert_eq!(refused.to_string(), "should look like 04/29", "{bad}");
        }
        for far in ["08/2219", "08/9999", "12/99", "01/2077"] {
            assert!(
                any_expiry(far, NOW)
                    .unwrap_err()
                    .to_string()
                    .contains("far"),
                "{far}"
            );
        }
        for over in ["10/26", "10/2026", "08/19", "01/0000"] {
            assert!(
                expiry(over, NOW).unwrap_err().to_string().contains("over"),
                "{over}"
            );
            assert!(any_expiry(over, NOW).is_ok());
        }
    }

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(month_at(1_793_000_000_000), (2026, 10));
        assert_eq!(month_at(0), (1970, 1));
    }

    #[test]
    fn a_security_code_is_three_or_four_digits() {
        assert_eq!(security_code(" 123 ").as_deref(), Ok("123"));
        assert_eq!(security_code("\u{ff11}234").as_deref(), Ok("1234"));
        for bad in ["", "12", "12345", "abc", "***", "1 2 3"] {
            assert!(security_code(bad).is_err(), "{bad}");
        }
    }
}
