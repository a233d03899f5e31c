//! Whose a name is: one live process at a time, in the whole mesh.
//!
//! A process shows a number that no other has, its incarnation. With it, it takes
//! over its own lease: after a lost connection, or at another node. Anybody else is
//! refused for as long as the lease lives. Two nodes that have not heard of each
//! other yet may both give one name away; once they have, the older lease stays.

use super::{Known, Node, now_ms};
use crate::crdt::{Key, Presence};
use crate::node::Lease;
use crate::record::Instance;
use crate::refusal::Reason;

/// Leases of one service that a node gives at a time.
pub const MAX_INSTANCES_PER_SERVICE: usize = 512;

/// Names of one service that a node remembers, those that have gone included.
pub const MAX_ENTRIES_PER_SERVICE: usize = 4096;

/// Why a name is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotClaimed {
    /// Another process holds it.
    #[error("another process holds the live lease of this name")]
    Taken,
    /// There are too many.
    #[error("the service has as many instances as a mesh node keeps")]
    Full,
}

impl Node {
    /// Takes in the instance of a process, for as long as the lease is held.
    /// Fails while another process holds the name, here or at another node that is
    /// alive, and when there are too many.
    pub fn claim(
        &self,
        service: &str,
        name: &str,
        instance: Instance,
    ) -> Result<Lease, NotClaimed> {
        let key = self.own_key(service, name);
        let mut known = self.lock();
        if known.is_taken(&key, &instance) {
            return Err(NotClaimed::Taken);
        }
        if known.is_full(&key) {
            return Err(NotClaimed::Full);
        }
        Ok(self.hold(&mut known, key, instance))
    }

    /// Ends leases of this node whose names an older process holds elsewhere.
    pub(super) fn yield_names(&self, known: &mut Known) {
        for key in known.contested() {
            if let Some(holder) = known.leases.remove(&key) {
                holder.ended.cancel();
            }
            let subject = format!("{}/{}", key.service, key.instance);
            let why = "an older process holds this name at another node";
            self.refusals()
                .note((&self.0.me.node, &subject), Reason::Name, why);
            self.write(known, |state| state.gone(key, now_ms()));
        }
    }
}

impl Known {
    fn is_taken(&self, key: &Key, instance: &Instance) -> bool {
        let here = self.leases.get(key);
        here.is_some_and(|holder| holder.incarnation != instance.incarnation)
            || self.elsewhere(key).any(|other| instance.rivals(other))
    }

    /// The instance of this name at other nodes that are alive.
    fn elsewhere<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Instance> {
        let others = self.live.iter().filter(|owner| **owner != key.owner);
        others.filter_map(|owner| {
            let key = Key {
                owner: owner.clone(),
                ..key.clone()
            };
            match &self.state.instances.get(&key)?.presence {
                Presence::Here(instance) => Some(instance),
                Presence::Gone => None,
            }
        })
    }

    fn is_full(&self, key: &Key) -> bool {
        let is_alike = |other: &&Key| other.owner == key.owner && other.service == key.service;
        let entries = self.state.instances.keys().filter(is_alike).count();
        let leases = self.leases.keys().filter(is_alike).count();
        !self.leases.contains_key(key)
            && (leases >= MAX_INSTANCES_PER_SERVICE || entries >= MAX_ENTRIES_PER_SERVICE)
    }

    /// The names this node gave away that are older elsewhere.
    fn contested(&self) -> Vec<Key> {
        let ours = self.leases.keys();
        let ours = ours.filter_map(|key| match &self.state.instances.get(key)?.presence {
            Presence::Here(instance) => Some((key, instance)),
            Presence::Gone => None,
        });
        let is_younger = |(key, ours): &(&Key, &Instance)| {
            let mut others = self.elsewhere(key);
            others.any(|other| ours.rivals(other) && other.seniority() < ours.seniority())
        };
        ours.filter(is_younger)
            .map(|(key, _)| key.clone())
            .collect()
    }
}
