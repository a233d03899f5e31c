//! Watching two versions over a window.

use std::collections::{BTreeMap, VecDeque};

use crate::judge::Evidence;
use crate::sample::Sample;
use crate::target::Instance;

/// Looks that an instance must take much memory in a row before it counts: a
/// password being hashed takes some, too, and gives it back.
const LOOKS: usize = 5;

/// What every instance had done before the window, `None` as long as one that
/// ran then has not said so; and the memory it took lately.
#[derive(Clone, Debug, Default)]
pub struct Window {
    before: BTreeMap<String, (Option<Sample>, u64)>,
    memory: BTreeMap<String, VecDeque<u64>>,
}

impl Window {
    /// A window that begins with `instances` as they are.
    #[must_use]
    pub fn open(instances: &[Instance]) -> Self {
        let mut window = Self::default();
        for instance in instances {
            let sample = instance.metrics.as_deref().map(Sample::read);
            let begun = (sample, instance.restarts);
            window.before.insert(instance.name.clone(), begun);
        }
        window
    }

    /// What happened since, with the instances as they are now. For one that did
    /// not answer when the window began, it begins with the first answer.
    #[must_use]
    pub fn evidence(&mut self, instances: &[Instance], old: &str, new: &str) -> Evidence {
        let mut evidence = Evidence::default();
        for instance in instances {
            let Some(mut now) = instance.metrics.as_deref().map(Sample::read) else {
                continue;
            };
            now.memory = self.kept(&instance.name, now.memory);
            let nothing = || (Some(Sample::default()), 0);
            let begun = self.before.entry(instance.name.clone());
            let (before, restarts) = begun.or_insert_with(nothing);
            let before = before.get_or_insert_with(|| now.clone());
            if instance.version == old {
                evidence.old += now - before;
            } else if instance.version == new {
                evidence.new += now - before;
                evidence.crashes += instance.restarts.saturating_sub(*restarts);
            }
        }
        evidence
    }

    /// The memory that an instance has not gone below for [`LOOKS`], this one
    /// included; 0 as long as there were not so many.
    fn kept(&mut self, instance: &str, now: u64) -> u64 {
        let seen = self.memory.entry(instance.to_owned()).or_default();
        seen.push_back(now);
        while seen.len() > LOOKS {
            seen.pop_front();
        }
        let enough = seen.len() == LOOKS;
        let least = seen.iter().min().copied();
        least.filter(|_| enough).unwrap_or_default()
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
        let mut window = Window::open(&[instance("v1", 100, 3)]);
        let now = [instance("v1", 150, 4), instance("v2", 7, 0)];
        let evidence = window.evidence(&now, "v1", "v2");
        assert_eq!((evidence.old.requests, evidence.new.requests), (50, 7));
        assert_eq!(evidence.crashes, 0, "the old version's are its own");
    }

    #[test]
    fn who_is_silent_at_first_counts_from_the_first_answer() {
        let mut silent = instance("v1", 0, 0);
        silent.metrics = None;
        let mut window = Window::open(&[silent]);
        let mut old = |requests| {
            let evidence = window.evidence(&[instance("v1", requests, 0)], "v1", "v2");
            evidence.old.requests
        };
        assert_eq!((old(500), old(530)), (0, 30));
    }

    #[test]
    fn a_crash_of_the_new_version_is_seen() {
        let mut window = Window::open(&[instance("v2", 100, 0)]);
        let evidence = window.evidence(&[instance("v2", 3, 1)], "v1", "v2");
        assert_eq!((evidence.new.requests, evidence.crashes), (3, 1));
    }

    #[test]
    fn memory_counts_when_it_is_kept_and_not_when_it_is_given_back() {
        let with = |bytes: u64| {
            let metrics = Some(format!("process_resident_memory_bytes {bytes}\n"));
            [Instance {
                metrics,
                ..instance("v2", 0, 0)
            }]
        };
        let mut window = Window::open(&with(10));
        let mut look = |bytes| window.evidence(&with(bytes), "v1", "v2").new.memory;
        assert_eq!([90, 10, 90, 90].map(&mut look), [0; 4], "too few looks");
        assert_eq!(look(90), 10, "it was given back in between");
        assert_eq!([91, 92].map(&mut look), [10, 90], "it is kept");
    }
}
