//! Where an order stands, and every step it may take.
//!
//! ```text
//! pending ──pay──▶ paid ──pack──▶ packed ──ship──▶ shipped
//!    │ │            │
//!    │ └─decline──▶ declined
//!    └──abandon──▶ cancelled ◀──recall── (paid)
//! ```
//!
//! The store only ever takes a [`Transition`], guarded by the state it leaves: a
//! transition that is not in this file cannot be written.

use std::str::FromStr;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Written down, not paid yet.
    Pending,
    /// Paid, on its way to shipping.
    Paid,
    /// Shipping has packed the order.
    Packed,
    /// Out of the house.
    Shipped,
    /// Payment declined the order.
    Declined,
    /// Given up, or taken back by the customer.
    Cancelled,
}

/// One way from a state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Payment authorised the order.
    Pay,
    /// Payment declined the order.
    Decline,
    /// The attempt failed, or was cancelled, before it was paid.
    Abandon,
    /// The customer cancelled before it was packed.
    Recall,
    /// Shipping packed the order.
    Pack,
    /// Shipping sent the order.
    Ship,
}

impl State {
    /// All statuses in their order.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Paid,
        Self::Packed,
        Self::Shipped,
        Self::Declined,
        Self::Cancelled,
    ];

    /// The state as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Packed => "packed",
            Self::Shipped => "shipped",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("no such state: {text}"))
    }
}

impl Transition {
    /// All transitions in their order.
    pub const ALL: [Self; 6] = [
        Self::Pay,
        Self::Decline,
        Self::Abandon,
        Self::Recall,
        Self::Pack,
        Self::Ship,
    ];

    /// The state it leads from.
    #[must_use]
    pub const fn leaves(self) -> State {
        match self {
            Self::Pay | Self::Decline | Self::Abandon => State::Pending,
            Self::Recall | Self::Pack => State::Paid,
            Self::Ship => State::Packed,
        }
    }

    /// The state it leads to.
    #[must_use]
    pub const fn reaches(self) -> State {
        match self {
            Self::Pay => State::Paid,
            Self::Decline => State::Declined,
            Self::Abandon | Self::Recall => State::Cancelled,
            Self::Pack => State::Packed,
            Self::Ship => State::Shipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(from: State) -> Vec<State> {
        let steps = Transition::ALL
            .into_iter()
            .filter(|step| step.leaves() == from);
        steps.map(Transition::reaches).collect()
    }

    #[test]
    fn these_are_all_the_ways_an_order_can_go() {
        use State::{Cancelled, Declined, Packed, Paid, Pending, Shipped};
        assert_eq!(steps(Pending), [Paid, Declined, Cancelled]);
        assert_eq!(steps(Paid), [Cancelled, Packed]);
        assert_eq!(steps(Packed), [Shipped]);
        for end in [Shipped, Declined, Cancelled] {
            assert_eq!(steps(end), [], "{end:?} is an end");
        }
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("lost".parse::<State>().is_err());
    }
}
