//! Orders, what is in them, and what they cost.

use chassis::fault::profile::FaultProfile;
use chassis::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::State;
use crate::hrefs::Hrefs;

/// What shipping costs, whatever is in the box.
pub const SHIPPING_CENTS: i64 = 499;

/// What a customer asks for: everything in the cart, to this address, from
/// this card.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// Who buys, and whose cart it is.
    pub customer_id: String,
    /// Identifier of the delivery address.
    pub address_id: String,
    /// What pays for it.
    pub card_id: String,
    /// Chosen by the caller, once per intended order.
    pub key: String,
    /// Leave the cart as it is.
    pub keep_cart: bool,
    /// What the buyer was shown that it comes to, in cents, and agreed to.
    pub confirmed_cents: Option<i64>,
    /// The revision of the cart that the buyer was shown, where the caller named
    /// it: it is bought once.
    pub cart_revision: Option<String>,
    /// Where the caller said all this can be read, when it said so.
    pub hrefs: Option<Hrefs>,
}

/// An order, from the moment it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Identifier of the order: 24 hex digits.
    pub id: String,
    /// Identifier of the customer.
    pub customer_id: String,
    /// What its caller called it.
    pub key: String,
    /// Whether a repeat with this key means this order.
    pub key_held: bool,
    /// Current status of the order.
    pub state: State,
    /// Fixed before payment is asked; nothing until then.
    pub contents: Option<Contents>,
    /// Sum of the lines in cents, without shipping.
    pub subtotal_cents: i64,
    /// What is paid: the items and shipping.
    pub total_cents: i64,
    /// A UUID, known from the start.
    pub shipment_id: String,
    /// Why it was declined or cancelled; empty otherwise.
    pub reason: String,
    /// Whether the cart stays as it is.
    pub keep_cart: bool,
    /// Times of the transitions so far.
    pub times: Times,
}

/// When an order reached each state, in milliseconds since the Unix epoch;
/// zero for what has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// Time the order was placed, in Unix milliseconds.
    pub placed_ms: i64,
    /// Time the payment was authorised, or 0.
    pub paid_ms: i64,
    /// Time the shipment was packed, or 0.
    pub packed_ms: i64,
    /// Time the shipment was sent, or 0.
    pub shipped_ms: i64,
    /// Time the order was declined or cancelled, or 0.
    pub closed_ms: i64,
}

/// What an order was for, as it was when its price was fixed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Contents {
    /// Customer at the time of the order.
    pub customer: Customer,
    /// Delivery address of the order.
    pub address: Address,
    /// What pays for it.
    pub card: Card,
    /// Lines of the order.
    pub items: Vec<Item>,
}

/// Customer of an order, as stored with it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Customer {
    /// What they sign in with.
    pub username: String,
    /// First name of the customer.
    pub first_name: String,
    /// Last name of the customer.
    pub last_name: String,
}

/// Where the socks go.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Address {
    /// House number of the address.
    pub number: String,
    /// Street of the address.
    pub street: String,
    /// City of the address.
    pub city: String,
    /// Postcode of the address.
    pub postcode: String,
    /// Country of the address.
    pub country: String,
}

/// Card of an order, as stored with it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Card {
    /// Asterisks and the last four digits.
    pub masked_number: String,
    /// Expiry date: MM/YY or MM/YYYY.
    pub expires: String,
}

/// Line of an order: a product and its quantity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Item {
    /// The line's id in the cart.
    pub id: String,
    /// Identifier of the product.
    pub product_id: String,
    /// What it was called.
    pub name: String,
    /// Number of pairs ordered.
    pub quantity: u32,
    /// Price of one pair in cents.
    pub unit_price_cents: i64,
}

impl Contents {
    /// What the items cost. Fails when there are none, or when their prices
    /// make no sense.
    pub fn subtotal_cents(&self) -> Result<i64> {
        if self.items.is_empty() {
            return Err(Error::Refused("the cart is empty".into()));
        }
        let lines = self.items.iter().map(Item::cost_cents);
        let sum = lines.reduce(|sum, line| sum?.checked_add(line?)).flatten();
        sum.filter(|sum| sum.checked_add(SHIPPING_CENTS).is_some())
            .ok_or_else(|| Error::Refused("the cart does not add up".into()))
    }

    /// What all of it costs, in a release of this `manner`. Fails like
    /// [`subtotal_cents`](Self::subtotal_cents).
    pub fn total_cents(&self, manner: FaultProfile) -> Result<i64> {
        let sum = self.subtotal_cents()?;
        sum.checked_add(shipping_charged(manner))
            .ok_or_else(|| Error::Refused("the cart does not add up".into()))
    }
}

impl PlaceOrder {
    /// Fails unless what is in `order` comes to what the buyer agreed to: the
    /// cart or a price may have changed since they were shown it.
    ///
    /// What a release like `v2-wrong-total` charges beyond that goes unnoticed
    /// here, so that there is something to find out.
    pub fn check_total(&self, order: &Order) -> Result<()> {
        let now = order.subtotal_cents + SHIPPING_CENTS;
        match self.confirmed_cents {
            Some(confirmed) if confirmed != now => Err(Error::Outdated(format!(
                "the cart comes to {now} cents now, and not to {confirmed}"
            ))),
            _ => Ok(()),
        }
    }
}

/// What is charged for shipping by a release of this `manner`: `v2-wrong-total`
/// charges it twice, so that there is something to find out.
fn shipping_charged(manner: FaultProfile) -> i64 {
    match manner {
        FaultProfile::WrongTotal => SHIPPING_CENTS * 2,
        _ => SHIPPING_CENTS,
    }
}

impl Item {
    fn cost_cents(&self) -> Option<i64> {
        let sensible = self.quantity > 0 && self.unit_price_cents >= 0;
        let cost = self.unit_price_cents.checked_mul(self.quantity.into());
        cost.filter(|_| sensible)
    }
}

impl Order {
    /// What was bought; nothing before the price is fixed.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        self.contents
            .as_ref()
            .map_or(&[], |contents| &contents.items)
    }

    /// Every state it went through and when, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<(State, i64)> {
        let closed = match self.state {
            State::Declined => State::Declined,
            _ => State::Cancelled,
        };
        let times = &self.times;
        let mut events = vec![(State::Pending, times.placed_ms)];
        events.extend(
            [
                (State::Paid, times.paid_ms),
                (State::Packed, times.packed_ms),
                (State::Shipped, times.shipped_ms),
                (closed, times.closed_ms),
            ]
            .into_iter()
            .filter(|(_, at)| *at > 0),
        );
        events
    }
}

/// Turns all but the last four digits of a card number into asterisks, and all
/// of a number that is hardly longer.
#[must_use]
pub fn mask(number: &str) -> String {
    let letters: Vec<char> = number.chars().filter(|c| !c.is_whitespace()).collect();
    let shown = if letters.len() > 4 { 4 } else { 0 };
    let hidden = letters.len() - shown;
    let stars = std::iter::repeat_n('*', hidden);
    stars.chain(letters[hidden..].iter().copied()).collect()
}

#[cfg(test)]
#[path = "order/tests.rs"]
mod tests;
