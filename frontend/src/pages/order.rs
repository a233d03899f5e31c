//! An order as pages show it.

use proto::orders as pb;
use proto::orders::State;

use super::totals::Totals;
use super::{format, saved};

/// An order, in words.
#[derive(Clone, Debug)]
pub(super) struct Order(pub(super) pb::Order);

/// Some pairs of one sock that were bought.
#[derive(Clone, Debug)]
pub(super) struct Bought {
    /// What the sock was called.
    pub name: String,
    /// Where its page is.
    pub path: String,
    /// Number of pairs of this line.
    pub pairs: u32,
    /// What a pair did cost.
    pub each: String,
    /// What they did cost together.
    pub price: String,
}

impl From<&pb::Item> for Bought {
    fn from(item: &pb::Item) -> Self {
        Self {
            name: item.name.clone(),
            path: format::sock_href(&item.product_id),
            pairs: item.quantity,
            each: format::money(item.unit_price_cents),
            price: format::money(item.unit_price_cents * i64::from(item.quantity)),
        }
    }
}

impl From<pb::Order> for Order {
    fn from(order: pb::Order) -> Self {
        Self(order)
    }
}

impl Order {
    /// Identifier of the order.
    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    /// What people call it: the end of its id, which tells orders apart best.
    pub(super) fn number(&self) -> String {
        let from = self.0.id.len().saturating_sub(8);
        self.0.id.get(from..).unwrap_or(&self.0.id).to_uppercase()
    }

    /// Where its page is.
    pub(super) fn path(&self) -> String {
        format!("/account/orders/{}", format::encoded(&self.0.id))
    }

    /// When it was placed, for people.
    pub(super) fn placed(&self) -> String {
        format::time(self.0.placed_at_ms)
    }

    /// When it was placed, for machines.
    pub(super) fn placed_iso(&self) -> String {
        format::iso(self.0.placed_at_ms)
    }

    /// Where it stands, in a word or two.
    pub(super) fn state(&self) -> &'static str {
        match self.0.state() {
            State::Paid => "Paid",
            State::Packed => "Packed",
            State::Shipped => "Shipped",
            State::Declined => "Declined",
            State::Cancelled => "Cancelled",
            State::Pending | State::Unspecified => "Being paid",
        }
    }

    /// Where it stands, in a sentence.
    pub(super) fn sentence(&self) -> &'static str {
        match self.0.state() {
            State::Paid => "It is paid for. We are looking for a box of the right size.",
            State::Packed => "It is packed, and waiting for the post.",
            State::Shipped => "It is on its way to you.",
            State::Declined => "The payment was declined, so nothing will be sent.",
            State::Cancelled => "It was cancelled, and nothing was kept from you.",
            State::Pending | State::Unspecified => "We have it, and are waiting for the payment.",
        }
    }

    /// Its class in the style sheet.
    pub(super) fn class(&self) -> &'static str {
        match self.0.state() {
            State::Shipped => "done",
            State::Declined | State::Cancelled => "ended",
            _ => "",
        }
    }

    /// Whether nothing more will happen to it.
    pub(super) fn is_final(&self) -> bool {
        !self.class().is_empty()
    }

    /// Whether it can still be cancelled.
    pub(super) fn can_cancel(&self) -> bool {
        matches!(self.0.state(), State::Pending | State::Paid)
    }

    /// Why it ended early.
    pub(super) fn reason(&self) -> Option<&str> {
        Some(&*self.0.reason).filter(|reason| !reason.is_empty())
    }

    /// Tells two looks at the same order apart.
    pub(super) fn stage(&self) -> (i32, usize) {
        (self.0.state, self.0.events.len())
    }

    /// How many pairs it is.
    pub(super) fn pairs(&self) -> u32 {
        self.0.items.iter().map(|item| item.quantity).sum()
    }

    /// `pair` or `pairs`, as many as it is.
    pub(super) fn pairs_word(&self) -> &'static str {
        format::pairs_word(self.pairs())
    }

    /// Lines of the order, with their names and prices.
    pub(super) fn items(&self) -> Vec<Bought> {
        self.0.items.iter().map(Bought::from).collect()
    }

    /// What it came to.
    pub(super) fn sums(&self) -> Totals {
        Totals::billed(
            self.0.subtotal_cents,
            self.0.shipping_cents,
            self.0.total_cents,
        )
    }

    /// What it came to, in all.
    pub(super) fn total(&self) -> String {
        self.sums().total()
    }

    /// Full name of the customer.
    pub(super) fn buyer(&self) -> String {
        let Some(buyer) = &self.0.customer else {
            return "you".to_owned();
        };
        let name = format!("{} {}", buyer.first_name, buyer.last_name);
        match name.trim() {
            "" => buyer.username.clone(),
            name => name.to_owned(),
        }
    }

    /// Delivery address in one line.
    pub(super) fn address(&self) -> String {
        let address = self.0.address.clone().unwrap_or_default();
        saved::line(
            [&address.number, &address.street],
            [&address.city, &address.postcode],
            &address.country,
        )
    }

    /// What it was paid with.
    pub(super) fn card(&self) -> String {
        let number = self.0.card.as_ref().map(|card| &*card.masked_number);
        match saved::last_four(number.unwrap_or_default()) {
            digits if digits.is_empty() => "a card".to_owned(),
            digits => format!("card ending {digits}"),
        }
    }

    /// Identifier of the shipment.
    pub(super) fn shipment(&self) -> &str {
        &self.0.shipment_id
    }
}
