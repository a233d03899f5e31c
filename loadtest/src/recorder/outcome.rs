//! Outcomes of requests and of purchase attempts.

use hyper::StatusCode;

/// Outcome of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Response with an expected status.
    Expected(StatusCode),
    /// Response with an unexpected status.
    Unexpected(StatusCode),
    /// No response: transport error.
    TransportError(TransportError),
}

/// Transport error of a request without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportError {
    /// The connection was refused.
    Refused,
    /// The connection was broken off.
    Broken,
    /// The request timed out.
    Timeout,
}

impl Outcome {
    /// Whether it counts as a failure.
    #[must_use]
    pub fn failed(self) -> bool {
        !matches!(self, Self::Expected(_))
    }

    /// Whether the shop was there at all: it answered, and not with a fault of its own.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Expected(status) | Self::Unexpected(status) => !status.is_server_error(),
            Self::TransportError(_) => false,
        }
    }

    /// Returns the name used in tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Expected(status) | Self::Unexpected(status) => status.as_str().to_owned(),
            Self::TransportError(TransportError::Refused) => "refused".to_owned(),
            Self::TransportError(TransportError::Broken) => "broken off".to_owned(),
            Self::TransportError(TransportError::Timeout) => "timed out".to_owned(),
        }
    }
}

/// Result of one purchase attempt.
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
    /// Purchase attempts without a response.
    pub unknown: u64,
}
