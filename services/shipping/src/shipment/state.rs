//! How far a shipment can be.

use chassis::{Error, Result};

/// How far a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// For a worker.
    Waiting,
    /// A worker has it.
    Leased,
    /// In its box; a worker has it, or it waits for one.
    Packed,
    /// Gone.
    Shipped,
    /// Failed too often.
    Stuck,
    /// Taken back before it was packed.
    Recalled,
}

impl State {
    /// The state as the database spells it.
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
