//! Request DTOs of the original REST API: numbers may be JSON strings, and
//! fractional quantities are truncated (contract page "carts", POST).

use chassis::money::Price;
use chassis::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::cart::{NewItem, check_id, check_price, check_quantity};

/// Query parameters of the merge operation.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct MergeQuery {
    /// Session whose cart is moved and emptied.
    pub(super) session_id: String,
}

/// Item in a request body. Unknown fields, including `id`, are ignored.
#[derive(Deserialize, ToSchema)]
#[serde(from = "Map<String, Value>", rename_all = "camelCase")]
pub(super) struct ItemRequest {
    #[schema(value_type = String, max_length = 200)]
    item_id: Value,
    /// Number of pairs; 1 by default.
    #[schema(value_type = u32, required = false, default = 1, maximum = 99)]
    quantity: Value,
    /// Unit price; 0 by default.
    #[schema(value_type = Price, required = false)]
    unit_price: Value,
}

impl From<Map<String, Value>> for ItemRequest {
    fn from(mut fields: Map<String, Value>) -> Self {
        Self {
            item_id: fields.remove("itemId").unwrap_or_default(),
            quantity: fields.remove("quantity").unwrap_or_else(|| 1.into()),
            unit_price: fields.remove("unitPrice").unwrap_or_default(),
        }
    }
}

impl ItemRequest {
    /// Validates the item to add. An existing line grows by one, whatever the
    /// quantity is.
    pub(super) fn new_item(&self) -> Result<NewItem> {
        let price = cents(&self.unit_price).ok_or_else(|| not_a_number("unitPrice"))?;
        check_price("unitPrice", price)?;
        Ok(NewItem {
            product_id: self.product()?,
            quantity: self.quantity_from(1)?,
            increment: 1,
            unit_price_cents: price,
        })
    }

    /// Validates the product id and the new quantity of its line.
    pub(super) fn quantity_change(&self) -> Result<(String, u32)> {
        if self.quantity.is_null() {
            return Err(not_a_number("quantity"));
        }
        Ok((self.product()?, self.quantity_from(0)?))
    }

    fn product(&self) -> Result<String> {
        let product = match &self.item_id {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(Error::invalid("itemId is missing or not a text")),
        };
        check_id("itemId", &product)?;
        Ok(product)
    }

    fn quantity_from(&self, min: u32) -> Result<u32> {
        let whole = whole(&self.quantity).ok_or_else(|| not_a_number("quantity"))?;
        check_quantity("quantity", whole, min)
    }
}

fn not_a_number(field: &str) -> Error {
    Error::invalid(format!("{field} must be a number"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and both ends are out of range"
)]
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Null => Some(0),
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_i64().or_else(|| Some(value.as_f64()? as i64)),
    }
}

fn cents(value: &Value) -> Option<i64> {
    let amount = match value {
        Value::Null => 0.0,
        Value::String(text) => text.trim().parse().ok()?,
        _ => value.as_f64()?,
    };
    Some(Price::try_from(amount).ok()?.cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity_of(json: &str) -> Option<i64> {
        let request: ItemRequest = serde_json::from_str(json).unwrap();
        whole(&request.quantity)
    }

    #[test]
    fn quantities_are_read_as_the_original_read_them() {
        for (json, quantity) in [
            (r#"{"quantity":"3"}"#, Some(3)),
            (r#"{"quantity":1.7}"#, Some(1)),
            (r#"{"quantity":null}"#, Some(0)),
            (r#"{"quantity":-2.5}"#, Some(-2)),
            (r#"{"quantity":1e300}"#, Some(i64::MAX)),
            (r#"{"quantity":"abc"}"#, None),
            (r#"{"quantity":""}"#, None),
            (r#"{"quantity":true}"#, None),
            ("{}", Some(1)),
        ] {
            assert_eq!(quantity_of(json), quantity, "{json}");
        }
    }

    #[test]
    fn prices_are_read_to_the_cent_and_default_to_nothing() {
        let price = |json: &str| cents(&serde_json::from_str(json).unwrap());
        assert_eq!(
            [price("17.15"), price(r#""1.5""#), price("null")],
            [Some(1715), Some(150), Some(0)]
        );
        assert_eq!([price(r#""NaN""#), price("[]"), price("1e300")], [None; 3]);
    }
}
