//! What becomes of requests, and of attempts to buy.

use hyper::StatusCode;

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer that was hoped for.
    Fine(StatusCode),
    /// An answer that was not.
    Odd(StatusCode),
    /// No answer at all.
    TransportError(TransportError),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportError {
    /// Nobody listened.
    Refused,
    /// The connection broke.
    Broken,
    /// It took too long.
    Timeout,
}

impl Outcome {
    /// Whether it counts as a failure.
    #[must_use]
    pub fn failed(self) -> bool {
        !matches!(self, Self::Fine(_))
    }

    /// Whether the shop was there at all: it answered, and not with a fault of its own.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Fine(status) | Self::Odd(status) => !status.is_server_error(),
            Self::TransportError(_) => false,
        }
    }

    /// What tables call it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Fine(status) | Self::Odd(status) => status.as_str().to_owned(),
            Self::TransportError(TransportError::Refused) => "refused".to_owned(),
            Self::TransportError(TransportError::Broken) => "broken off".to_owned(),
            Self::TransportError(TransportError::Timeout) => "timed out".to_owned(),
        }
    }
}

/// What became of one attempt to buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purchase {
    /// The shop said that the order is placed, and the journal has it.
    Acknowledged,
    /// The shop said no: declined, or nothing in the basket.
    Refused,
    /// The shop never gave an answer, however often it was asked.
    Unknown,
}

/// Attempts to buy, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purchases {
    /// Placed, and in the journal.
    pub acknowledged: u64,
    /// Declined, or nothing in the basket.
    pub refused: u64,
    /// Never answered.
    pub unknown: u64,
}
