//! Promises, and how they are broken.

use serde::Serialize;

/// A promise that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// An acknowledged order exists.
    Lost,
    /// An acknowledged order was paid before its client was told.
    Unkept,
    /// It is the order its client asked for.
    NotAsTold,
    /// What was asked for once exists once.
    Doubled,
    /// An order that stands is paid.
    Unpaid,
    /// It is paid once.
    PaidTwice,
    /// It is paid for its total, which is what the client was told.
    WrongTotal,
    /// Its total is what its items and shipping cost.
    WrongSum,
    /// Nothing is paid without an order.
    PaidWithoutOrder,
    /// An order that does not stand has its money back.
    KeptMoney,
    /// An order that stands has a shipment.
    Unshipped,
    /// It has one.
    ShippedTwice,
    /// Nothing is sent that is not paid.
    ShippedUnpaid,
    /// Nothing is pending for ever.
    Stuck,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which one.
    pub rule: Rule,
    /// To whom: the order.
    pub order_id: String,
    /// How one can tell.
    pub facts: String,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Lost,
        Self::Unkept,
        Self::NotAsTold,
        Self::Doubled,
        Self::Unpaid,
        Self::PaidTwice,
        Self::WrongTotal,
        Self::WrongSum,
        Self::PaidWithoutOrder,
        Self::KeptMoney,
        Self::Unshipped,
        Self::ShippedTwice,
        Self::ShippedUnpaid,
        Self::Stuck,
    ];

    /// What tables call a fault of this kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Unkept => "acknowledged unpaid",
            Self::NotAsTold => "not as told",
            Self::Doubled => "doubled",
            Self::Unpaid => "unpaid",
            Self::PaidTwice => "paid twice",
            Self::WrongTotal => "wrong total",
            Self::WrongSum => "wrong sum",
            Self::PaidWithoutOrder => "paid without order",
            Self::KeptMoney => "money kept",
            Self::Unshipped => "no shipment",
            Self::ShippedTwice => "two shipments",
            Self::ShippedUnpaid => "sent unpaid",
            Self::Stuck => "stuck pending",
        }
    }
}
