//! Metrics of connections: open, rejected, and closed by reason.

use metrics::{counter, gauge};

/// Why a connection was closed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// The server did not close it.
    None,
    HeadTimeout,
    BodyTimeout,
    WriteStallTimeout,
    IdleTimeout,
    /// Others needed its place.
    Pressure,
}

impl CloseReason {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::WriteStallTimeout => "write_stall_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::Pressure => "pressure",
        }
    }
}

/// Counts a closed connection in `http_server_connections_closed_total{reason}`.
pub(super) fn closed(reason: CloseReason) {
    if reason != CloseReason::None {
        counter!("http_server_connections_closed_total", "reason" => reason.name()).increment(1);
    }
}

/// `http_server_connections_rejected_total`: answered 503, for want of room.
pub(super) fn rejected() {
    counter!("http_server_connections_rejected_total").increment(1);
}

/// `http_server_open_connections`: change by one.
pub(super) fn opened(count: f64) {
    gauge!("http_server_open_connections").increment(count);
}
