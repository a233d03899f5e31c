//! What the others say, in our words, and what we say in theirs.

use proto::{cart, payment, shipping, user};

use crate::order::{Address, Card, Customer, Item, mask};
use crate::store::Progress;
use crate::upstreams::Verdict;

impl From<payment::Authorisation> for Verdict {
    fn from(said: payment::Authorisation) -> Self {
        if said.voided {
            Self::Voided
        } else if said.authorised {
            Self::Authorised
        } else {
            Self::Declined(said.message)
        }
    }
}

impl From<shipping::Shipment> for Progress {
    fn from(shipment: shipping::Shipment) -> Self {
        Self {
            recalled: shipment.state() == shipping::State::Recalled,
            order_id: shipment.order_id,
            packed_ms: shipment.packed_at_ms,
            shipped_ms: shipment.shipped_at_ms,
        }
    }
}

impl From<&Item> for cart::Item {
    fn from(item: &Item) -> Self {
        Self {
            id: item.id.clone(),
            product_id: item.product_id.clone(),
            quantity: item.quantity,
            unit_price_cents: item.unit_price_cents,
        }
    }
}

impl From<user::Customer> for Customer {
    fn from(customer: user::Customer) -> Self {
        Self {
            username: customer.username,
            first_name: customer.first_name,
            last_name: customer.last_name,
        }
    }
}

impl From<user::Address> for Address {
    fn from(address: user::Address) -> Self {
        Self {
            number: address.number,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            country: address.country,
        }
    }
}

impl From<user::Card> for Card {
    fn from(card: user::Card) -> Self {
        Self {
            masked_number: mask(&card.masked_number),
            expires: card.expires,
        }
    }
}
