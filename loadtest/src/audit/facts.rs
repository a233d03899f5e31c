//! What is known about an order, from all sides, as little of it as the rules need.

use proto::{orders as pb, payment, shipping};
use serde::{Deserialize, Serialize};

use crate::journal::Entry;

/// Something that somebody said about an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// The shop, to a client.
    Acknowledged(Entry),
    /// Order read from the orders service.
    Order(Order),
    /// Payment read from the payment service.
    Payment(Payment),
    /// Shipment read from the shipping service.
    Shipment(Shipment),
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Order that is not paid yet.
    Pending,
    /// Paid, and perhaps packed or shipped.
    Standing,
    /// Order that was declined or cancelled.
    Closed,
}

/// An order as the orders service has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Id of the order.
    pub id: String,
    /// Id of the customer.
    pub customer_id: String,
    /// What the client called it.
    pub key: String,
    /// State of the order.
    pub state: State,
    /// Whether it was ever paid.
    pub was_paid: bool,
    /// What the items come to; nothing when that is no number, or there are none.
    pub items_cents: Option<i64>,
    /// What the items are said to come to.
    pub subtotal_cents: i64,
    /// Shipping cost in cents.
    pub shipping_cents: i64,
    /// What it is said to cost.
    pub total_cents: i64,
    /// When it was asked for, in milliseconds since the Unix epoch.
    pub placed_at_ms: i64,
}

/// What payment answered about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Id of the paid order.
    pub order_id: String,
    /// How much was asked for.
    pub amount_cents: i64,
    /// Whether that is charged: authorised, and not given back.
    pub charged: bool,
}

/// Shipment of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Id of the shipment.
    pub id: String,
    /// Id of the shipped order.
    pub order_id: String,
    /// Whether it was parked after too many tries.
    pub stuck: bool,
    /// Whether it was taken back, for ever.
    pub recalled: bool,
}

/// Everything that is known about one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderFacts {
    /// What clients were told.
    pub told: Vec<Entry>,
    /// What orders says: once, one hopes.
    pub orders: Vec<Order>,
    /// Payments of the order, from the payment service.
    pub payments: Vec<Payment>,
    /// Shipments of the order, from the shipping service.
    pub shipments: Vec<Shipment>,
}

impl Fact {
    /// The order it is about.
    #[must_use]
    pub fn order_id(&self) -> &str {
        match self {
            Self::Acknowledged(entry) => &entry.order_id,
            Self::Order(order) => &order.id,
            Self::Payment(payment) => &payment.order_id,
            Self::Shipment(shipment) => &shipment.order_id,
        }
    }
}

impl OrderFacts {
    /// Takes a fact in.
    pub fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Acknowledged(entry) => self.told.push(entry),
            Fact::Order(order) => self.orders.push(order),
            Fact::Payment(payment) => self.payments.push(payment),
            Fact::Shipment(shipment) => self.shipments.push(shipment),
        }
    }
}

impl From<pb::Order> for Order {
    fn from(order: pb::Order) -> Self {
        let state = match order.state() {
            pb::State::Paid | pb::State::Packed | pb::State::Shipped => State::Standing,
            pb::State::Declined | pb::State::Cancelled => State::Closed,
            pb::State::Pending | pb::State::Unspecified => State::Pending,
        };
        let paid = |event: &pb::Event| event.state() == pb::State::Paid;
        Self {
            was_paid: state == State::Standing || order.events.iter().any(paid),
            items_cents: sum(&order.items),
            id: order.id,
            customer_id: order.customer_id,
            key: order.idempotency_key,
            state,
            subtotal_cents: order.subtotal_cents,
            shipping_cents: order.shipping_cents,
            total_cents: order.total_cents,
            placed_at_ms: order.placed_at_ms,
        }
    }
}

fn sum(items: &[pb::Item]) -> Option<i64> {
    let costs = items.iter();
    let costs = costs.map(|item| item.unit_price_cents.checked_mul(item.quantity.into()));
    costs.reduce(|sum, cost| sum?.checked_add(cost?)).flatten()
}

impl From<payment::Authorisation> for Payment {
    fn from(authorisation: payment::Authorisation) -> Self {
        Self {
            order_id: authorisation.order_id,
            amount_cents: authorisation.amount_cents,
            charged: authorisation.authorised && !authorisation.voided,
        }
    }
}

impl From<shipping::Shipment> for Shipment {
    fn from(shipment: shipping::Shipment) -> Self {
        Self {
            stuck: shipment.state() == shipping::State::Stuck,
            recalled: shipment.state() == shipping::State::Recalled,
            id: shipment.id,
            order_id: shipment.order_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_with_the_sum_of_its_items() {
        let item = |quantity, unit_price_cents| pb::Item {
            quantity,
            unit_price_cents,
            ..pb::Item::default()
        };
        let order = pb::Order {
            state: pb::State::Cancelled.into(),
            items: vec![item(2, 1000), item(1, 99)],
            events: vec![pb::Event {
                state: pb::State::Paid.into(),
                at_ms: 1,
            }],
            ..pb::Order::default()
        };
        let read = Order::from(order);
        assert_eq!(read.items_cents, Some(2099));
        assert!(read.was_paid && read.state == State::Closed);
        assert_eq!(sum(&[]), None);
        assert_eq!(sum(&[item(2, i64::MAX)]), None);
    }

    #[test]
    fn money_that_went_back_is_not_charged() {
        let charged = |authorised, voided| {
            Payment::from(payment::Authorisation {
                authorised,
                voided,
                ..payment::Authorisation::default()
            })
            .charged
        };
        assert!(charged(true, false) && !charged(true, true) && !charged(false, false));
    }
}
