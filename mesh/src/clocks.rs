//! How far the clocks of other mesh nodes are from this one's.

use std::net::SocketAddr;
use std::time::Duration;

use metrics::gauge;

use crate::hlc::MAX_CLOCK_SKEW_MS;
use crate::throttle::Throttle;

/// A clock that is too far away is logged once per this time.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The difference of a peer is measured once per this time.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);

/// Clocks of the peers, as their datagrams show them.
pub struct Clocks {
    logged: Throttle<SocketAddr>,
    measured: Throttle<SocketAddr>,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            logged: Throttle::new(LOG_INTERVAL),
            measured: Throttle::new(MEASURE_INTERVAL),
        }
    }
}

impl Clocks {
    /// Takes note of a datagram of `peer` that was made `ahead_ms` after now by
    /// this node's clock; negative: before.
    pub fn observe(&self, peer: SocketAddr, ahead_ms: i64) {
        if self.measured.allows(peer) {
            let seconds = Duration::from_millis(ahead_ms.unsigned_abs()).as_secs_f64();
            let peer = peer.to_string();
            gauge!("mesh_peer_clock_difference_seconds", "peer" => peer)
                .set(seconds.copysign(if ahead_ms < 0 { -1.0 } else { 1.0 }));
        }
        if ahead_ms.unsigned_abs() > MAX_CLOCK_SKEW_MS && self.logged.allows(peer) {
            tracing::warn!(%peer, difference = difference(ahead_ms),
                "the clocks of this mesh node and its peer are too far apart: they do not hear each other");
        }
    }
}

/// A difference of clocks as people say it.
#[must_use]
pub fn difference(ahead_ms: i64) -> String {
    let ahead_or_behind = if ahead_ms < 0 { "behind" } else { "ahead" };
    let apart = Duration::from_millis(ahead_ms.unsigned_abs());
    format!("{:.1} s {ahead_or_behind}", apart.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_with_their_direction() {
        assert_eq!(difference(40_000), "40.0 s ahead");
        assert_eq!(difference(-31_250), "31.2 s behind");
    }
}
