//! Ready-made releases, for teaching: a `VERSION` of one of these names behaves
//! as its name says, in every process. All other names are just names.

use std::time::{Duration, Instant};

use crate::Error;
use crate::admin::Check;
use crate::fault::inject::Plan;

/// How a release behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultProfile {
    /// As it should: `v2` and all names not listed here.
    Good,
    /// `v2-slow`: every answer takes [`SLOW`] longer.
    Slow,
    /// `v2-errors`: one request in five fails.
    Errors,
    /// `v2-leak`: every request costs a megabyte that never comes back.
    Leak,
    /// `v2-slow-start`: takes [`SLOW_START`] until it is ready.
    SlowStart,
    /// `v2-wrong-total`: orders are charged shipping twice. Known to orders only.
    WrongTotal,
}

/// What `v2-slow` adds to every answer.
pub const SLOW: Duration = Duration::from_millis(400);

/// What `v2-slow-start` takes to get ready.
pub const SLOW_START: Duration = Duration::from_secs(8);

/// Kept for ever for each request by `v2-leak`, in KiB.
const LEAK_KIB: u64 = 1024;

impl FaultProfile {
    /// How the release called `version` behaves.
    #[must_use]
    pub fn of(version: &str) -> Self {
        match version {
            "v2-slow" => Self::Slow,
            "v2-errors" => Self::Errors,
            "v2-leak" => Self::Leak,
            "v2-slow-start" => Self::SlowStart,
            "v2-wrong-total" => Self::WrongTotal,
            _ => Self::Good,
        }
    }

    /// What it does to requests from its start.
    pub(crate) fn faults(self) -> Plan {
        let mut plan = Plan::default();
        match self {
            Self::Slow => plan.latency_ms = SLOW.as_millis().try_into().unwrap_or(u64::MAX),
            Self::Errors => plan.error_percent = 20.0,
            Self::Leak => plan.leak_kib = LEAK_KIB,
            Self::Good | Self::SlowStart | Self::WrongTotal => {}
        }
        plan
    }

    /// What keeps it from being ready.
    pub(crate) fn check(self) -> Option<Check> {
        let begun = Instant::now();
        (self == Self::SlowStart).then(|| {
            Check::new("warm-up", move || async move {
                if begun.elapsed() < SLOW_START {
                    return Err(Error::unavailable("warming up"));
                }
                Ok(())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_bad_releases_are_special() {
        assert_eq!(FaultProfile::of("v2-slow").faults().latency_ms, 400);
        assert_eq!(FaultProfile::of("v2-leak").faults().leak_kib, 1024);
        for name in ["v2", "0.1.0", "slow", "v3-slow", ""] {
            assert_eq!(FaultProfile::of(name), FaultProfile::Good);
            assert_eq!(FaultProfile::of(name).faults(), Plan::default());
        }
    }

    #[tokio::test]
    async fn a_slow_start_is_not_ready_at_once() {
        let check = FaultProfile::of("v2-slow-start").check().unwrap();
        assert!(!check.passes().await);
        assert!(FaultProfile::Good.check().is_none());
    }
}
