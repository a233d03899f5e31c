//! Where a release happens.

use std::collections::BTreeMap;

use crate::plan::Strategy;

/// One process of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its name in the target.
    pub name: String,
    /// The version it runs.
    pub version: String,
    /// Whether it takes requests.
    pub ready: bool,
    /// How often it ended by itself.
    pub restarts: u64,
    /// Its metrics, Prometheus text; `None` when it did not answer.
    pub metrics: Option<String>,
}

/// Percent of the requests by version; empty when nothing is said about them.
pub type Shares = BTreeMap<String, u8>;

/// Weights in any unit, as percent.
#[must_use]
pub fn percent(weights: &BTreeMap<String, u64>) -> Shares {
    let sum = weights.values().sum::<u64>().max(1);
    let share = |weight: u64| u8::try_from((weight * 100 + sum / 2) / sum).unwrap_or(100);
    let shares = weights
        .iter()
        .map(|(version, weight)| (version.clone(), share(*weight)));
    shares.collect()
}

/// Starts, weighs and stops versions of services. All acts may be repeated.
#[expect(
    async_fn_in_trait,
    reason = "nobody sends these futures to another thread"
)]
pub trait Target {
    /// Its name: `local`, `swarm`, ..
    fn name(&self) -> &'static str;

    /// Refuses a release of `service` to `to` that cannot be had here, before anything is done.
    async fn preflight(&self, _service: &str, _to: &str, _how: Strategy) -> anyhow::Result<()> {
        Ok(())
    }

    /// What runs of `service`.
    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>>;

    /// How the requests to `service` are shared out.
    async fn shares(&self, service: &str) -> anyhow::Result<Shares>;

    /// Starts instances of `version` until there are as many as `count`, beside what runs. They
    /// get no requests yet.
    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()>;

    /// Asks an instance of `version` for something, past all weights.
    async fn smoke(&self, service: &str, version: &str) -> anyhow::Result<()>;

    /// Shares the requests out; empty shares say nothing about them any more.
    async fn share(&self, service: &str, shares: &Shares) -> anyhow::Result<()>;

    /// Ends all instances of `version`, after their last requests, and whatever else the target
    /// knows of it. `keep` stays, and becomes what the target takes for the service itself.
    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()>;

    /// Orders placed since `since_ms` (Unix epoch) that break a rule of the auditor.
    async fn wrong_orders(&self, since_ms: i64) -> anyhow::Result<Vec<String>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_percent() {
        let weights = BTreeMap::from([("v1".to_owned(), 9_500), ("v2".to_owned(), 500)]);
        let shares = Shares::from([("v1".to_owned(), 95), ("v2".to_owned(), 5)]);
        assert_eq!(percent(&weights), shares);
        assert_eq!(percent(&BTreeMap::new()), Shares::new());
    }
}
