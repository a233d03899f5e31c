//! Response DTOs of the original REST API.

use chassis::money::Price;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cart::Item;

/// Cart without its items, as `GET /carts/{customerId}` returns it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartResponse {
    pub(super) customer_id: String,
}

/// Cart line in the JSON of the original: the price is a float.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemResponse {
    id: String,
    item_id: String,
    quantity: u32,
    unit_price: Price,
}

impl From<Item> for ItemResponse {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            item_id: item.product_id,
            quantity: item.quantity,
            unit_price: item.unit_price_cents.into(),
        }
    }
}
