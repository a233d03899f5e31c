//! Conversions between carts and their protobuf messages.

use chassis::Error;
use proto::cart as pb;

use crate::cart::{Cart, Item, NewItem, PurchasedItem, check_id, check_price, check_quantity};

impl TryFrom<pb::AddItemRequest> for NewItem {
    type Error = Error;

    fn try_from(request: pb::AddItemRequest) -> Result<Self, Error> {
        check_id("product_id", &request.product_id)?;
        check_price("unit_price_cents", request.unit_price_cents)?;
        let quantity = check_quantity("quantity", request.quantity.max(1).into(), 1)?;
        Ok(Self {
            product_id: request.product_id,
            quantity,
            increment: quantity,
            unit_price_cents: request.unit_price_cents,
        })
    }
}

impl From<pb::Item> for PurchasedItem {
    fn from(item: pb::Item) -> Self {
        Self {
            product_id: item.product_id,
            quantity: item.quantity,
        }
    }
}

impl From<Cart> for pb::Cart {
    fn from(cart: Cart) -> Self {
        Self {
            revision: cart.revision(),
            customer_id: cart.customer_id,
            items: cart.items.into_iter().map(pb::Item::from).collect(),
        }
    }
}

impl From<Item> for pb::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            quantity: item.quantity,
            unit_price_cents: item.unit_price_cents,
        }
    }
}
