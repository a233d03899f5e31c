//! Orders in the words of gRPC.

use chassis::{Error, Result};
use proto::orders as pb;
use uuid::Uuid;

use crate::order::{Address, Card, Customer, Item, Order, PlaceOrder, SHIPPING_CENTS};
use crate::status::State;

impl TryFrom<pb::PlaceOrderRequest> for PlaceOrder {
    type Error = Error;

    fn try_from(request: pb::PlaceOrderRequest) -> Result<Self> {
        for (name, id) in [
            ("customer_id", &request.customer_id),
            ("address_id", &request.address_id),
            ("card_id", &request.card_id),
        ] {
            if id.is_empty() || id.len() > 64 || id.contains('\0') {
                let message = format!("{name} must have 1 to 64 characters");
                return Err(Error::Invalid(message));
            }
        }
        let mut key = request.idempotency_key;
        if key.chars().count() > 200 || key.contains('\0') {
            return Err(Error::invalid(
                "idempotency_key must have at most 200 characters",
            ));
        }
        let cart_revision = request.cart_revision;
        if cart_revision.len() > 64 || cart_revision.contains('\0') {
            return Err(Error::invalid(
                "cart_revision must have at most 64 characters",
            ));
        }
        if key.is_empty() {
            key = Uuid::new_v4().to_string();
        }
        Ok(Self {
            customer_id: request.customer_id,
            address_id: request.address_id,
            card_id: request.card_id,
            key,
            keep_cart: request.keep_cart,
            confirmed_cents: request.confirmed_total_cents,
            cart_revision: Some(cart_revision).filter(|revision| !revision.is_empty()),
            hrefs: None,
        })
    }
}

impl From<Order> for pb::Order {
    fn from(order: Order) -> Self {
        let events = order.events().into_iter();
        let priced = order.contents.is_some();
        let contents = order.contents.unwrap_or_default();
        Self {
            events: events
                .map(|(state, at_ms)| pb::Event {
                    state: pb::State::from(state).into(),
                    at_ms,
                })
                .collect(),
            id: order.id,
            customer_id: order.customer_id,
            state: pb::State::from(order.state).into(),
            customer: priced.then(|| contents.customer.into()),
            address: priced.then(|| contents.address.into()),
            card: priced.then(|| contents.card.into()),
            items: contents.items.into_iter().map(pb::Item::from).collect(),
            subtotal_cents: order.subtotal_cents,
            shipping_cents: if priced { SHIPPING_CENTS } else { 0 },
            total_cents: order.total_cents,
            placed_at_ms: order.times.placed_ms,
            shipment_id: order.shipment_id,
            reason: order.reason,
            idempotency_key: order.key,
        }
    }
}

impl From<State> for pb::State {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Paid => Self::Paid,
            State::Packed => Self::Packed,
            State::Shipped => Self::Shipped,
            State::Declined => Self::Declined,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Customer> for pb::Customer {
    fn from(customer: Customer) -> Self {
        Self {
            username: customer.username,
            first_name: customer.first_name,
            last_name: customer.last_name,
        }
    }
}

impl From<Address> for pb::Address {
    fn from(address: Address) -> Self {
        Self {
            number: address.number,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            country: address.country,
        }
    }
}

impl From<Card> for pb::Card {
    fn from(card: Card) -> Self {
        Self {
            masked_number: card.masked_number,
            expires: card.expires,
        }
    }
}

impl From<Item> for pb::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            name: item.name,
            quantity: item.quantity,
            unit_price_cents: item.unit_price_cents,
        }
    }
}
