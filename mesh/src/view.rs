//! What is answered: the state as seen by a caller, with shares worked out.
//!
//! A view is made once whenever something changes and read by every query.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::crdt::State;
use crate::record::{Instance, Owner, Phase, Policy, label};

/// All requests to a service: shares are hundredths of a percent.
pub const WHOLE: u32 = 10_000;

/// All services, as of one moment.
#[derive(Debug, Default)]
pub struct View {
    services: BTreeMap<String, Service>,
    reverse: HashMap<IpAddr, Vec<(String, String)>>,
}

/// One service.
#[derive(Debug, Default)]
pub struct Service {
    /// Its versions by name: those that are there, and those its policy names.
    pub versions: Vec<Version>,
    /// Its instances by name, in every phase.
    pub instances: Vec<Endpoint>,
}

/// One version of a service.
#[derive(Debug)]
pub struct Version {
    /// Such as `v1`.
    pub name: String,
    /// Its share of the requests.
    pub share: u32,
    /// How many instances of it are serving.
    pub serving: usize,
    /// The addresses of those.
    pub addresses: Vec<IpAddr>,
}

/// One instance.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name among its kind.
    pub name: String,
    /// Its name as a label of a DNS name.
    pub label: String,
    /// The node it announces to.
    pub node: String,
    /// What it says of itself.
    pub instance: Instance,
    /// Its share of the requests; zero unless it serves.
    pub weight: u32,
}

impl View {
    /// The view of `state` of whoever holds the owners that are `live`.
    #[must_use]
    pub fn of(state: &State, live: impl Fn(&Owner) -> bool) -> Self {
        let mut newest: BTreeMap<(&str, &str), (&Owner, &Instance)> = BTreeMap::new();
        for (key, instance) in state.present().filter(|(key, _)| live(&key.owner)) {
            // One that moved to another node is known twice for a moment.
            let known = newest
                .entry((&key.service, &key.instance))
                .or_insert((&key.owner, instance));
            if instance.epoch > known.1.epoch {
                *known = (&key.owner, instance);
            }
        }
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        for ((service, name), (owner, instance)) in newest {
            let service = services.entry(service.to_owned()).or_default();
            service.instances.push(Endpoint::new(name, owner, instance));
        }
        for (service, register) in &state.policies {
            if !register.policy.0.is_empty() {
                services.entry(service.clone()).or_default();
            }
        }
        let mut reverse: HashMap<IpAddr, Vec<(String, String)>> = HashMap::new();
        for (name, service) in &mut services {
            service.share_out(state.policies.get(name).map(|register| &register.policy));
            for endpoint in &service.instances {
                let names = reverse.entry(endpoint.instance.address).or_default();
                names.push((name.clone(), endpoint.label.clone()));
            }
        }
        Self { services, reverse }
    }

    /// The service called `name`, when it is known.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// All services by name.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The services and instance labels at `address`.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> &[(String, String)] {
        self.reverse.get(&address).map_or(&[], Vec::as_slice)
    }
}

impl Endpoint {
    fn new(name: &str, owner: &Owner, instance: &Instance) -> Self {
        Self {
            name: name.to_owned(),
            label: label(name),
            node: owner.node.clone(),
            instance: instance.clone(),
            weight: 0,
        }
    }

    /// Whether it should be called.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.instance.phase == Phase::Serving
    }
}

impl Service {
    /// The version that the requests at `roll`, of 0..1, go to. None when
    /// nothing is serving.
    #[must_use]
    pub fn draw(&self, roll: f64) -> Option<&Version> {
        let mut left = roll * f64::from(WHOLE);
        let mut sharing = self.versions.iter().filter(|version| version.share > 0);
        sharing.find(|version| {
            left -= f64::from(version.share);
            left < 0.0
        })
    }

    /// The instances that should be called.
    pub fn serving(&self) -> impl Iterator<Item = &Endpoint> {
        self.instances
            .iter()
            .filter(|endpoint| endpoint.is_serving())
    }

    /// Shares the requests out: between the versions that serve as `policy`
    /// says, then evenly between the instances of a version. Without a policy, and
    /// when all versions with a weight have gone, all instances share alike: an
    /// old policy must not take a service down.
    fn share_out(&mut self, policy: Option<&Policy>) {
        let policy = policy.filter(|policy| !policy.0.is_empty());
        let mut versions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for name in policy.iter().flat_map(|policy| policy.0.keys()) {
            versions.entry(name.clone()).or_default();
        }
        for (index, endpoint) in self.instances.iter().enumerate() {
            let version = versions.entry(endpoint.instance.version.clone());
            let serving = version.or_default();
            if endpoint.is_serving() {
                serving.push(index);
            }
        }
        let weight = |(name, serving): (&String, &Vec<usize>)| match policy {
            _ if serving.is_empty() => 0,
            Some(policy) => policy.0.get(name).copied().unwrap_or_default(),
            None => u32::try_from(serving.len()).unwrap_or(u32::MAX),
        };
        let mut weights: Vec<u32> = versions.iter().map(weight).collect();
        if weights.iter().all(|weight| *weight == 0) {
            let counts = versions.values().map(Vec::len);
            weights = counts
                .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
                .collect();
        }
        for ((name, serving), share) in versions.into_iter().zip(apportion(WHOLE, &weights)) {
            self.versions.push(self.version(name, &serving, share));
            let parts = apportion(share, &vec![1; serving.len()]);
            for (index, part) in serving.into_iter().zip(parts) {
                self.instances[index].weight = part;
            }
        }
    }

    fn version(&self, name: String, serving: &[usize], share: u32) -> Version {
        let addresses = serving
            .iter()
            .map(|index| self.instances[*index].instance.address);
        let mut addresses: Vec<_> = addresses.collect();
        addresses.sort_unstable();
        addresses.dedup();
        Version {
            name,
            share,
            serving: serving.len(),
            addresses,
        }
    }
}

/// Divides `total` in proportion to `weights`, to the last unit: what rounding
/// leaves over goes to the largest remainders. Nothing to nobody when all are
/// zero.
#[must_use]
pub fn apportion(total: u32, weights: &[u32]) -> Vec<u32> {
    let sum: u64 = weights.iter().copied().map(u64::from).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &u32| u64::from(total) * u64::from(*weight);
    let floor = |weight| u32::try_from(exact(weight) / sum).unwrap_or(total);
    let mut parts: Vec<u32> = weights.iter().map(floor).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(&weights[*index]) % sum));
    let left = total - parts.iter().sum::<u32>();
    for index in by_remainder.into_iter().take(left as usize) {
        parts[index] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_add_up_and_are_fair(weights in proptest::collection::vec(0..1000u32, 1..12)) {
            let parts = apportion(WHOLE, &weights);
            let sum: u32 = weights.iter().sum();
            let expected = if sum == 0 { 0 } else { WHOLE };
            prop_assert_eq!(parts.iter().sum::<u32>(), expected);
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = f64::from(WHOLE) * f64::from(*weight) / f64::from(sum.max(1));
                prop_assert!((f64::from(*part) - exact).abs() < 1.0);
            }
        }
    }
}
