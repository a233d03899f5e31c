//! Payment authorisations and the limit rule.

use chassis::money::decimal;
use chassis::{Error, Result};

/// Stored authorisation of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Identifier of the authorisation.
    pub id: String,
    /// Identifier of the order.
    pub order_id: String,
    /// Requested amount in cents; 0 when the order was voided before any request.
    pub amount_cents: i64,
    /// Decision on the request.
    pub decision: Decision,
    /// Time of the decision in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Time of the void in milliseconds since the Unix epoch, if it was voided.
    pub voided_at_ms: Option<i64>,
}

/// Decision on a payment: authorised or declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the amount is authorised.
    pub authorised: bool,
    /// Explanation that is shown to the customer.
    pub message: String,
}

impl Decision {
    /// Creates a declined decision with `message`.
    pub fn declined(message: impl Into<String>) -> Self {
        Self {
            authorised: false,
            message: message.into(),
        }
    }
}

/// Authorises `amount_cents` up to `limit_cents`. An amount that is not positive is an
/// error.
pub fn authorise(amount_cents: i64, limit_cents: i64) -> Result<Decision> {
    if amount_cents <= 0 {
        return Err(Error::invalid("Invalid payment amount"));
    }
    if amount_cents > limit_cents {
        let limit = decimal(limit_cents);
        return Ok(Decision::declined(format!(
            "Payment declined: amount exceeds {limit}"
        )));
    }
    Ok(Decision {
        authorised: true,
        message: "Payment authorised".to_owned(),
    })
}

impl Authorisation {
    /// Response to a first or repeated request for `amount_cents`: the stored decision,
    /// or declined once the order is voided. Another amount is refused.
    pub fn replay(self, amount_cents: i64) -> Result<Self> {
        if self.voided_at_ms.is_some() {
            let decision = Decision::declined("Payment declined: the order was cancelled");
            return Ok(Self { decision, ..self });
        }
        if self.amount_cents != amount_cents {
            let first = decimal(self.amount_cents);
            return Err(Error::Refused(format!(
                "this order already has a decision on {first}"
            )));
        }
        Ok(self)
    }
}

/// Parses an amount with up to two decimals into cents.
pub fn parse_limit(text: &str) -> Result<i64, String> {
    let invalid = || format!("`{text}` is not an amount such as 105 or 99.50");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_valid_lengths = (1..=9).contains(&whole.len()) && (1..=2).contains(&fraction.len());
    if !has_valid_lengths || !digits(whole) || !digits(fraction) {
        return Err(invalid());
    }
    format!("{whole}{fraction:0<2}")
        .parse()
        .map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_up_to_the_limit_are_authorised() {
        let decision = |amount| authorise(amount, 10_500).unwrap();
        assert!(decision(1).authorised && decision(10_500).authorised);
        assert_eq!(decision(10_500).message, "Payment authorised");
        assert_eq!(
            decision(10_501),
            Decision::declined("Payment declined: amount exceeds 105.00")
        );
    }

    #[test]
    fn nothing_and_less_cannot_be_charged() {
        for amount in [0, -1, i64::MIN] {
            let error = authorise(amount, 10_500).unwrap_err();
            assert_eq!(error.to_string(), "Invalid payment amount");
        }
    }

    #[test]
    fn a_repeated_question_gets_the_first_answer_unless_voided() {
        let first = Authorisation {
            id: "a".into(),
            order_id: "o".into(),
            amount_cents: 500,
            decision: authorise(500, 10_500).unwrap(),
            at_ms: 1,
            voided_at_ms: None,
        };
        assert_eq!(first.clone().replay(500).unwrap(), first);
        assert!(matches!(
            first.clone().replay(501),
            Err(Error::Refused(why)) if why.contains("5.00")
        ));
        let voided = Authorisation {
            voided_at_ms: Some(2),
            ..first
        };
        assert!(!voided.clone().replay(500).unwrap().decision.authorised);
        assert!(!voided.replay(501).unwrap().decision.authorised);
    }

    #[test]
    fn limits_are_read_exactly() {
        assert_eq!(parse_limit("105"), Ok(10_500));
        assert_eq!(parse_limit("99.5"), Ok(9_950));
        assert_eq!(parse_limit("0.07"), Ok(7));
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "1.005",
            "NaN",
            "1e3",
            "9999999999",
        ] {
            assert!(parse_limit(bad).is_err(), "{bad}");
        }
    }
}
