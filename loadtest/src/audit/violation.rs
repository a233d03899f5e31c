//! Rules of the audit, and violations of them.

use serde::Serialize;

/// Invariant checked by the audit.
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
    /// A standing order is paid only once.
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
    /// A standing order has only one shipment.
    ShippedTwice,
    /// Nothing is sent that is not paid.
    ShippedUnpaid,
    /// Nothing is pending for ever.
    Stuck,
}

/// Violation of one rule by one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Rule that is violated.
    pub rule: Rule,
    /// Id of the order.
    pub order_id: String,
    /// Facts that show the violation.
    pub facts: String,
}

impl Rule {
    /// All rules, in report order.
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

    /// What tables call a violation of this kind.
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
