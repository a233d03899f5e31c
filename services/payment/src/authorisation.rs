//! Authorisations, and the one rule about them.

use chassis::money::decimal;
use chassis::{Error, Result};

/// An answer that was given about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Names the authorisation.
    pub id: String,
    /// Names the order.
    pub order_id: String,
    /// What was asked for; 0 when the order was voided before anybody asked.
    pub amount_cents: i64,
    /// What was answered.
    pub verdict: Verdict,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// When the money went back, if it did.
    pub voided_at_ms: Option<i64>,
}

/// Yes or no, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the amount may be charged.
    pub authorised: bool,
    /// Fit for the buyer's eyes.
    pub message: String,
}

impl Verdict {
    /// A refusal in the words `message`.
    pub fn declined(message: impl Into<String>) -> Self {
        Self {
            authorised: false,
            message: message.into(),
        }
    }
}

/// Decides whether `amount_cents` may be charged: up to the limit, and only
/// something.
pub fn authorise(amount_cents: i64, limit_cents: i64) -> Result<Verdict> {
    if amount_cents <= 0 {
        return Err(Error::invalid("Invalid payment amount"));
    }
    if amount_cents > limit_cents {
        let limit = decimal(limit_cents);
        return Ok(Verdict::declined(format!(
            "Payment declined: amount exceeds {limit}"
        )));
    }
    Ok(Verdict {
        authorised: true,
        message: "Payment authorised".to_owned(),
    })
}

impl Authorisation {
    /// The answer to somebody who asks, perhaps again, to charge `amount_cents`: the
    /// first answer, unless the order was voided since.
    pub fn answer(self, amount_cents: i64) -> Result<Self> {
        if self.voided_at_ms.is_some() {
            let verdict = Verdict::declined("Payment declined: the order was cancelled");
            return Ok(Self { verdict, ..self });
        }
        if self.amount_cents != amount_cents {
            let first = decimal(self.amount_cents);
            return Err(Error::Refused(format!(
                "this order was already answered for {first}"
            )));
        }
        Ok(self)
    }
}

/// Reads a limit as people write it: whole, or with up to two decimals.
pub fn limit(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not an amount such as 105 or 99.50");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=9).contains(&whole.len()) && (1..=2).contains(&fraction.len());
    if !fits || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<2}")
        .parse()
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_up_to_the_limit_are_authorised() {
        let verdict = |amount| authorise(amount, 10_500).unwrap();
        assert!(verdict(1).authorised && verdict(10_500).authorised);
        assert_eq!(verdict(10_500).message, "Payment authorised");
        assert_eq!(
            verdict(10_501),
            Verdict::declined("Payment declined: amount exceeds 105.00")
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
            verdict: authorise(500, 10_500).unwrap(),
            at_ms: 1,
            voided_at_ms: None,
        };
        assert_eq!(first.clone().answer(500).unwrap(), first);
        assert!(matches!(
            first.clone().answer(501),
            Err(Error::Refused(why)) if why.contains("5.00")
        ));
        let voided = Authorisation {
            voided_at_ms: Some(2),
            ..first
        };
        assert!(!voided.clone().answer(500).unwrap().verdict.authorised);
        assert!(!voided.answer(501).unwrap().verdict.authorised);
    }

    #[test]
    fn limits_are_read_exactly() {
        assert_eq!(limit("105"), Ok(10_500));
        assert_eq!(limit("99.5"), Ok(9_950));
        assert_eq!(limit("0.07"), Ok(7));
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
            assert!(limit(bad).is_err(), "{bad}");
        }
    }
}
