//! Policies: what may be asked for, and keeping them on the disk.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chassis::{Error, Result};
use tokio::sync::watch;

use crate::clocks::difference;
use crate::crdt::{Register, State};
use crate::node::{Node, now_ms};
use crate::record::{Policy, canonical};
use crate::refusal::Reason;

/// Maximum weight of a version: traffic is split to a ten-thousandth.
const MAX_WEIGHT: i64 = 10_000;

/// Shares of the requests by version, in any unit, as they are asked for.
pub type Weights = HashMap<String, i64>;

/// Reads `weights` as a policy of `service`. They must name versions that are
/// there, and must not all be zero; none at all removes the policy.
pub fn read(state: &State, service: &str, weights: &Weights) -> Result<Policy> {
    let instances = state.present().filter(|(key, _)| key.service == service);
    let versions: Vec<&str> = instances.map(|(_, i)| i.version.as_str()).collect();
    if versions.is_empty() && !state.policies.contains_key(service) {
        return Err(Error::NotFound("service"));
    }
    let mut policy = BTreeMap::new();
    for (version, weight) in weights {
        if !versions.contains(&version.as_str()) {
            return Err(Error::Invalid(unknown(service, version, versions)));
        }
        let weight = u32::try_from(*weight)
            .ok()
            .filter(|_| *weight <= MAX_WEIGHT);
        let weight = weight.ok_or_else(|| {
            Error::Invalid(format!("the weight of {version} must be 0 to {MAX_WEIGHT}"))
        })?;
        policy.insert(version.clone(), weight);
    }
    if !policy.is_empty() && policy.values().all(|weight| *weight == 0) {
        return Err(Error::invalid("at least one weight must be above 0"));
    }
    Ok(Policy(policy))
}

fn unknown(service: &str, version: &str, mut known: Vec<&str>) -> String {
    known.sort_unstable();
    known.dedup();
    if known.is_empty() {
        return format!("{service} has no version {version}: no instance of it is there");
    }
    let known = known.join(", ");
    format!("{service} has no version {version}: there are {known}")
}

/// Sets the policy of `service`, here and everywhere. Returns it as it stands.
/// Fails where it would have to be stamped far in the future to be the latest.
pub fn set(node: &Node, service: &str, weights: &Weights) -> Result<Register> {
    let service = canonical(service);
    let now = now_ms();
    node.say(|state| {
        let policy = read(state, &service, weights)?;
        let update = state.set(&service, policy, now, &node.me().node);
        let stamps = update.policies.values().map(|register| &register.stamp);
        match stamps.max() {
            Some(stamp) if stamp.is_far_ahead(now) => {
                let ahead = difference(stamp.ahead_of(now));
                let why = format!(
                    "the latest policy is stamped {ahead} of this node's clock, which was set back"
                );
                node.refusals()
                    .note((&node.me().node, &service), Reason::Future, &why);
                Err(Error::Refused(why))
            }
            _ => Ok(update),
        }
    })?;
    get(node, &service)
}

/// The policy of `service`, removed ones included.
pub fn get(node: &Node, service: &str) -> Result<Register> {
    node.with_state(|state| state.policies.get(&canonical(service)).cloned())
        .ok_or(Error::NotFound("policy"))
}

/// A file that policies are kept in.
#[derive(Clone, Debug)]
pub struct PolicyFile(PathBuf);

impl PolicyFile {
    /// The file at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The policies kept in it.
    pub fn read(&self) -> anyhow::Result<State> {
        let policies: BTreeMap<String, Register> = match std::fs::read(&self.0) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} does not hold policies", self.0.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read policies from {}", self.0.display()));
            }
        };
        let now = now_ms();
        let is_far_ahead = |(_, register): &(&String, &Register)| register.stamp.is_far_ahead(now);
        if let Some((service, register)) = policies.iter().find(is_far_ahead) {
            bail!(
                "the policy of {service} in {} is stamped {} of this host's clock: set the clock right, or remove the file",
                self.0.display(),
                difference(register.stamp.ahead_of(now))
            );
        }
        Ok(State {
            policies,
            ..State::default()
        })
    }

    /// Keeps all policies from now on, until their node has gone.
    pub async fn keep(self, mut policies: watch::Receiver<BTreeMap<String, Register>>) {
        while policies.changed().await.is_ok() {
            let now = policies.borrow_and_update().clone();
            if let Err(error) = self.write(&now).await {
                tracing::error!(file = %self.0.display(), %error, "policies not kept");
            }
        }
    }

    /// Replaces the file as a whole, so that a crash leaves the old or the new.
    async fn write(&self, policies: &BTreeMap<String, Register>) -> anyhow::Result<()> {
        let beside = self.0.with_extension("new");
        tokio::fs::write(&beside, serde_json::to_vec_pretty(policies)?).await?;
        tokio::fs::File::open(&beside).await?.sync_all().await?;
        tokio::fs::rename(&beside, &self.0).await?;
        Ok(())
    }
}
