//! Who gets which share of the requests.

use std::collections::BTreeMap;

use super::{Service, Version, WHOLE};
use crate::record::Policy;

impl Service {
    /// Shares the requests out: between the versions that serve as `policy`
    /// says, then evenly between the instances of a version. Without a policy, and
    /// when all versions with a weight have gone, all instances share alike: an
    /// old policy must not take a service down.
    pub(super) fn share_out(&mut self, policy: Option<&Policy>) {
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
