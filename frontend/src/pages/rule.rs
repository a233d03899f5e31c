//! What the fields of forms take, and what to say when they do not.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Anything, or nothing.
    Optional,
    /// Anything.
    Required,
    /// An e-mail address, or nothing.
    Email,
    /// Something to keep others out: eight characters or more.
    NewPassword,
    /// 12 to 19 digits.
    CardNumber,
    /// A month that is not over.
    Expires,
    /// Three or four digits.
    SecurityCode,
}

impl Rule {
    /// What is wrong with `typed`, in the month `now`.
    pub(super) fn objection(self, typed: &str, now: (i32, i32)) -> Option<&'static str> {
        if typed.is_empty() {
            let optional = matches!(self, Self::Optional | Self::Email);
            return (!optional).then_some("is missing");
        }
        match self {
            Self::Optional | Self::Required => None,
            Self::Email => {
                let (name, host) = typed.split_once('@').unwrap_or_default();
                (name.is_empty() || host.is_empty()).then_some("should look like ada@example.org")
            }
            Self::NewPassword => {
                (typed.chars().count() < 8).then_some("needs eight characters or more")
            }
            Self::CardNumber => {
                let digits = typed.replace([' ', '-'], "");
                (!digits_only(&digits, 12..=19)).then_some("needs 12 to 19 digits")
            }
            Self::Expires => match expiry(typed) {
                None => Some("should look like 04/29"),
                Some(end) if end < now => Some("is over: use a card that is still good"),
                Some(_) => None,
            },
            Self::SecurityCode => {
                (!digits_only(typed, 3..=4)).then_some("needs three or four digits")
            }
        }
    }
}

fn digits_only(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `04/29` or `04/2029` as year and month.
fn expiry(text: &str) -> Option<(i32, i32)> {
    let (month, year) = text.split_once('/')?;
    let (month, year) = (month.trim(), year.trim());
    let fits = digits_only(month, 1..=2) && matches!(year.len(), 2 | 4) && digits_only(year, 2..=4);
    let month = month
        .parse()
        .ok()
        .filter(|month| fits && (1..=12).contains(month))?;
    let century = if year.len() == 2 { 2000 } else { 0 };
    Some((century + year.parse::<i32>().ok()?, month))
}

/// The year and month of a time.
pub(super) fn month(at_ms: i64) -> (i32, i32) {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let date = at.to_zoned(TimeZone::UTC).date();
    (date.year().into(), date.month().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: (i32, i32) = (2026, 11);

    #[test]
    fn an_empty_field_is_a_problem_only_when_it_is_required() {
        assert!(Rule::Required.objection("", NOW).is_some());
        assert!(Rule::CardNumber.objection("", NOW).is_some());
        assert!(Rule::Optional.objection("", NOW).is_none());
        assert!(Rule::Email.objection("", NOW).is_none());
    }

    #[test]
    fn card_numbers_may_have_spaces_and_nothing_else() {
        assert!(
            Rule::CardNumber
                .objection("4111 1111 1111 1111", NOW)
                .is_none()
        );
        for bad in ["4111", "4111 1111 1111 111x", "41111111111111111111"] {
            assert!(Rule::CardNumber.objection(bad, NOW).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_is_over() {
        for good in ["11/26", "1/27", "12/2026", "04 / 29"] {
            assert_eq!(Rule::Expires.objection(good, NOW), None, "{good}");
        }
        for bad in ["10/26", "13/29", "00/29", "0429", "04/029", "x/29"] {
            assert!(Rule::Expires.objection(bad, NOW).is_some(), "{bad}");
        }
    }
}
