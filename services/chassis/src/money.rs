//! Money: whole cents inside, decimal numbers on the old wire.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};

/// An amount that reads and writes JSON as the original did: `1715` cents is
/// `17.15`, `1500` is `15`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "f64", into = "serde_json::Number")]
pub struct Price {
    /// The amount in cents.
    pub cents: i64,
}

/// Maximum amount; greater ones could not be represented exactly.
const MAX_AMOUNT: f64 = 1e13;

impl From<i64> for Price {
    fn from(cents: i64) -> Self {
        Self { cents }
    }
}

impl TryFrom<f64> for Price {
    type Error = &'static str;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded by MAX_AMOUNT just above"
    )]
    fn try_from(amount: f64) -> Result<Self, Self::Error> {
        let cents = (amount * 100.0).round();
        if cents.is_finite() && cents.abs() <= MAX_AMOUNT {
            Ok(Self {
                cents: cents as i64,
            })
        } else {
            Err("not an amount of money")
        }
    }
}

impl From<Price> for serde_json::Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "amounts are far below 2^53 cents"
    )]
    fn from(price: Price) -> Self {
        if price.cents % 100 == 0 {
            (price.cents / 100).into()
        } else {
            // A finite number always has a JSON form.
            Self::from_f64(price.cents as f64 / 100.0).unwrap_or_else(|| 0.into())
        }
    }
}

impl utoipa::PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        Object::builder().schema_type(Type::Number).into()
    }
}

impl utoipa::ToSchema for Price {}

/// Writes cents for people: `1715` is `17.15`.
#[must_use]
pub fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_the_shortest_json_numbers() {
        let json = |cents| serde_json::to_string(&Price { cents }).unwrap();
        assert_eq!(
            [json(9999), json(1500), json(1732), json(1050)],
            ["99.99", "15", "17.32", "10.5"]
        );
    }

    #[test]
    fn numbers_are_read_to_the_nearest_cent() {
        let cents = |text| serde_json::from_str::<Price>(text).unwrap().cents;
        assert_eq!(
            [cents("17.15"), cents("15"), cents("58.989998")],
            [1715, 1500, 5899]
        );
        assert!(serde_json::from_str::<Price>("1e300").is_err());
    }

    #[test]
    fn decimals_keep_two_places_and_the_sign() {
        assert_eq!(
            [decimal(499), decimal(-5), decimal(1500)],
            ["4.99", "-0.05", "15.00"]
        );
    }
}
