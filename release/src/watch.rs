//! Watching two versions over a window.

use std::collections::BTreeMap;

use crate::judge::Evidence;
use crate::sample::Sample;
use crate::target::Instance;

/// What every instance had done before the window.
#[derive(Clone, Debug, Default)]
pub struct Window {
    before: BTreeMap<String, (Sample, u64)>,
}

impl Window {
    /// A window that begins with `instances` as they are.
    #[must_use]
    pub fn open(instances: &[Instance]) -> Self {
        let mut window = Self::default();
        for instance in instances {
            let sample = instance.metrics.as_deref().map(Sample::read);
            let begun = (sample.unwrap_or_default(), instance.restarts);
            window.before.insert(instance.name.clone(), begun);
        }
        window
    }

    /// What happened since, with the instances as they are now.
    #[must_use]
    pub fn evidence(&self, instances: &[Instance], old: &str, new: &str) -> Evidence {
        let mut evidence = Evidence::default();
        for instance in instances {
            let (before, restarts) = self.before.get(&instance.name).cloned().unwrap_or_default();
            let Some(now) = instance.metrics.as_deref().map(Sample::read) else {
                continue;
            };
            if instance.version == old {
                evidence.old += now - &before;
            } else if instance.version == new {
                evidence.new += now - &before;
                evidence.crashes += instance.restarts.saturating_sub(restarts);
            }
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(version: &str, requests: u64, restarts: u64) -> Instance {
        Instance {
            name: format!("catalogue-{version}"),
            version: version.to_owned(),
            ready: true,
            restarts,
            metrics: Some(format!(
                "grpc_server_handling_seconds_count{{}} {requests}\n"
            )),
        }
    }

    #[test]
    fn each_version_counts_what_it_did_in_the_window() {
        let window = Window::open(&[instance("v1", 100, 3)]);
        let now = [instance("v1", 150, 4), instance("v2", 7, 0)];
        let evidence = window.evidence(&now, "v1", "v2");
        assert_eq!((evidence.old.requests, evidence.new.requests), (50, 7));
        assert_eq!(evidence.crashes, 0, "the old version's are its own");
    }

    #[test]
    fn a_crash_of_the_new_version_is_seen() {
        let window = Window::open(&[instance("v2", 100, 0)]);
        let evidence = window.evidence(&[instance("v2", 3, 1)], "v1", "v2");
        assert_eq!((evidence.new.requests, evidence.crashes), (3, 1));
    }
}
