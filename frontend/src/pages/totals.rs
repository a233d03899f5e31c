//! What it all comes to.

use super::format::{SHIPPING_CENTS, money};

/// Subtotal, shipping and total, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Totals {
    subtotal: i64,
    shipping: i64,
    total: i64,
}

impl Totals {
    /// What goods for `subtotal` cents will cost.
    pub(super) fn of(subtotal: i64) -> Self {
        Self::billed(subtotal, SHIPPING_CENTS, subtotal + SHIPPING_CENTS)
    }

    /// What an order did cost.
    pub(super) fn billed(subtotal: i64, shipping: i64, total: i64) -> Self {
        Self {
            subtotal,
            shipping,
            total,
        }
    }

    /// Sum of the lines as it is shown.
    pub(super) fn subtotal(self) -> String {
        money(self.subtotal)
    }

    /// Shipping cost as it is shown.
    pub(super) fn shipping(self) -> String {
        money(self.shipping)
    }

    /// Total as it is shown.
    pub(super) fn total(self) -> String {
        money(self.total)
    }

    /// In all, in cents.
    pub(super) fn total_cents(self) -> i64 {
        self.total
    }
}
