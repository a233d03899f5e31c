//! What the fields of forms take, and what to say when they do not: the rules
//! are those of the services (`validation`).

use validation::card::{self, Month};
use validation::{Invalid, text};

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A line of text, or nothing.
    Optional,
    /// A line of text.
    Required,
    /// An e-mail address, or nothing.
    Email,
    /// What was chosen at another time: anything.
    Known,
    /// Something to keep others out: eight characters or more.
    NewPassword,
    /// 12 to 19 digits.
    CardNumber,
    /// A month that is not over.
    Expires,
    /// Three or four digits.
    SecurityCode,
}

/// Minimum length of a password that is chosen on a page, in characters.
const MIN_PASSWORD_LENGTH: usize = 8;

impl Rule {
    /// Reads `typed` in the month `now`: what is meant, or what is wrong with it.
    pub(super) fn read(self, typed: &str, now: Month) -> Result<String, String> {
        if typed.is_empty() {
            let optional = matches!(self, Self::Optional | Self::Email);
            return if optional {
                Ok(String::new())
            } else {
                Err("is missing".to_owned())
            };
        }
        let problem = |invalid: Invalid| invalid.to_string();
        match self {
            Self::Optional | Self::Required => text::line(typed),
            Self::Email => text::email(typed),
            Self::Known => Ok(typed.to_owned()),
            Self::NewPassword => {
                if text::normalized(typed).chars().count() < MIN_PASSWORD_LENGTH {
                    return Err("needs eight characters or more".to_owned());
                }
                text::check_password(typed).map(|()| typed.to_owned())
            }
            Self::CardNumber => card::number(typed),
            Self::Expires => card::expiry(typed, now),
            Self::SecurityCode => card::security_code(typed),
        }
        .map_err(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Month = (2026, 11);

    #[test]
    fn an_empty_field_is_a_problem_only_when_it_is_required() {
        assert!(Rule::Required.read("", NOW).is_err());
        assert!(Rule::CardNumber.read("", NOW).is_err());
        assert!(Rule::Optional.read("", NOW).is_ok());
        assert!(Rule::Email.read("", NOW).is_ok());
    }

    #[test]
    fn what_browsers_fill_in_is_read_as_it_is_meant() {
        for (rule, typed, meant) in [
            (Rule::CardNumber, "4111-1111 1111-1111", "4111111111111111"),
            (Rule::Expires, "04 / 39", "04/39"),
            (Rule::Required, "Zoe\u{308} ", "Zo\u{eb}"),
            (Rule::SecurityCode, "123", "123"),
        ] {
            assert_eq!(rule.read(typed, NOW).as_deref(), Ok(meant));
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_is_over() {
        assert!(Rule::Expires.read("11/26", NOW).is_ok());
        assert!(Rule::Expires.read("10/26", NOW).is_err());
    }
}
