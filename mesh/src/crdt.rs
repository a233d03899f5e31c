//! The state all mesh nodes converge to, whatever order they hear of things in.
//!
//! It is two maps, and merging is one rule: of two values under one key the
//! greater wins. That makes merging associative, commutative and idempotent, so
//! that updates may be reordered, repeated and sent around in circles.
//!
//! What makes a value greater is decided by who may write it:
//!
//! - an instance belongs to the mesh node it announces to. Only that owner
//!   writes it, each time with a higher version; when the instance goes, it
//!   writes [`Presence::Gone`]. Without that tombstone an old copy elsewhere
//!   would bring the instance back.
//! - a policy may be set anywhere: the latest [`Stamp`] wins.
//!
//! There is no clock, no socket and no thread in here.

use std::collections::BTreeMap;

use crate::hlc::Stamp;
use crate::record::{Instance, Owner, Policy};

/// Whose instance, of which service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The mesh node that vouches for it, the only one to write under this key.
    pub owner: Owner,
    /// Name of the service, such as `catalogue`.
    pub service: String,
    /// Its name among its kind.
    pub instance: String,
}

/// What an owner says of an instance. The order of the fields is the order of
/// importance: a higher version wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Grows with everything the owner says under this key.
    pub version: u64,
    /// Whether it is there.
    pub presence: Presence,
}

/// Whether an instance is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It is, and this is what it says.
    Here(Instance),
    /// The instance is gone: a tombstone.
    Gone,
}

/// The policy of a service and when it was set. The later one wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Register {
    /// When, and by whom.
    pub stamp: Stamp,
    /// Weights of the versions at that time.
    pub policy: Policy,
}

/// Everything known; also any part of it, sent as an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Instances, those gone included.
    pub instances: BTreeMap<Key, Entry>,
    /// Policy registers by name of the service.
    pub policies: BTreeMap<String, Register>,
}

/// What came of merging an update.
#[derive(Debug)]
pub struct Merged<'a> {
    /// The update as it came.
    pub received: State,
    /// What of it was new: all that others need to be told.
    pub delta: State,
    /// Complete state after the merge.
    pub complete: &'a State,
}

impl State {
    /// Merges what was `received` into what is known.
    pub fn merge(&mut self, received: State) -> Merged<'_> {
        let delta = State {
            instances: join(&mut self.instances, &received.instances),
            policies: join(&mut self.policies, &received.policies),
        };
        Merged {
            received,
            delta,
            complete: self,
        }
    }

    /// The update that says an instance is there. `now_ms` only keeps versions
    /// growing when older ones have been forgotten.
    #[must_use]
    pub fn here(&self, key: Key, instance: Instance, now_ms: u64) -> State {
        self.say(key, Presence::Here(instance), now_ms)
    }

    /// The update that says an instance has gone.
    #[must_use]
    pub fn gone(&self, key: Key, now_ms: u64) -> State {
        self.say(key, Presence::Gone, now_ms)
    }

    fn say(&self, key: Key, presence: Presence, now_ms: u64) -> State {
        let before = self.instances.get(&key);
        let version = before.map_or(0, |before| before.version + 1).max(now_ms);
        State {
            instances: BTreeMap::from([(key, Entry { version, presence })]),
            policies: BTreeMap::new(),
        }
    }

    /// The update that sets the policy of `service`, at `node`.
    #[must_use]
    pub fn set(&self, service: &str, policy: Policy, now_ms: u64, node: &str) -> State {
        let latest = self.policies.values().map(|register| &register.stamp).max();
        let stamp = Stamp::after(latest, now_ms, node);
        State {
            instances: BTreeMap::new(),
            policies: BTreeMap::from([(service.to_owned(), Register { stamp, policy })]),
        }
    }

    /// The instances that are there, as their owners say.
    pub fn present(&self) -> impl Iterator<Item = (&Key, &Instance)> {
        self.instances
            .iter()
            .filter_map(|(key, entry)| match &entry.presence {
                Presence::Here(instance) => Some((key, instance)),
                Presence::Gone => None,
            })
    }

    /// Forgets, here only, all instances whose owner is no longer `known`, and
    /// tombstones that nobody tells any more.
    pub fn forget(&mut self, known: impl Fn(&Owner) -> bool, told: impl Fn(&Key) -> bool) {
        self.instances.retain(|key, entry| {
            known(&key.owner) && (entry.presence != Presence::Gone || told(key))
        });
    }
}

/// Joins `received` into `complete`; returns what was greater than before.
fn join<K: Ord + Clone, V: Ord + Clone>(
    complete: &mut BTreeMap<K, V>,
    received: &BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    let news = received
        .iter()
        .filter(|(key, value)| complete.get(key) < Some(value));
    let delta: BTreeMap<K, V> = news
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    complete.extend(delta.clone());
    delta
}
