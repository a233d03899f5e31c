//! States of a shipment and their names in the database.

use chassis::{Error, Result};

/// State of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits to be leased by a worker.
    Waiting,
    /// Leased to a worker.
    Leased,
    /// Packed; leased to a worker or waiting for one.
    Packed,
    /// Shipped to the customer.
    Shipped,
    /// Given up after too many attempts.
    Stuck,
    /// Recalled before it was packed.
    Recalled,
}

impl State {
    /// Name of the state in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Packed => "packed",
            Self::Shipped => "shipped",
            Self::Stuck => "stuck",
            Self::Recalled => "recalled",
        }
    }
}

impl TryFrom<&str> for State {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        let all = [
            Self::Waiting,
            Self::Leased,
            Self::Packed,
            Self::Shipped,
            Self::Stuck,
            Self::Recalled,
        ];
        let state = all.into_iter().find(|state| state.as_str() == text);
        state.ok_or_else(|| Error::internal(format!("unknown state `{text}`")))
    }
}
