//! What a mesh node refuses: why, and telling it to whoever runs the mesh.

use std::time::Duration;

use metrics::counter;

use crate::throttle::Throttle;

/// The same refusal of the same peer is logged once per this time, and counted always.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Why a call or a part of the state is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The credential is missing or wrong.
    Credential,
    /// The credential is that of another service.
    Service,
    /// Another process holds the live lease of that name.
    Name,
    /// The address does not lead to one host.
    Address,
    /// The announcement makes no sense otherwise.
    Malformed,
    /// The service has as many instances as a node keeps.
    Full,
    /// The policy is stamped far in the future.
    Future,
    /// The caller's clock and this node's are far apart.
    Clock,
}

impl Reason {
    /// As a label of a metric.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Service => "service",
            Self::Name => "name",
            Self::Address => "address",
            Self::Malformed => "malformed",
            Self::Full => "full",
            Self::Future => "future",
            Self::Clock => "clock",
        }
    }
}

/// Log and counter of refusals.
#[derive(Debug)]
pub struct Refusals(Throttle<(String, Reason, String)>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Throttle::new(LOG_INTERVAL))
    }
}

impl Refusals {
    /// Counts that something of `peer` about `subject` was refused, and logs it.
    pub fn note(&self, (peer, subject): (&str, &str), reason: Reason, detail: &str) {
        counter!("mesh_refusals_total", "reason" => reason.label()).increment(1);
        if self.0.allows((peer.to_owned(), reason, subject.to_owned())) {
            tracing::warn!(peer, subject, reason = reason.label(), detail, "refused");
        }
    }
}
