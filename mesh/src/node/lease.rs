//! How long an instance is in the mesh: as long as somebody holds its lease.

use super::{Node, now_ms};
use crate::crdt::{Key, Presence};
use crate::record::Instance;

/// An instance's place in the mesh. Dropping it takes the instance out, unless
/// a later lease holds that place by then.
pub struct Lease {
    node: Node,
    key: Key,
    number: u64,
    ends: bool,
}

impl Lease {
    pub(super) fn new(node: Node, key: Key, number: u64) -> Self {
        Self {
            node,
            key,
            number,
            ends: true,
        }
    }

    /// Repeats or changes what the instance says. Has no effect while a later
    /// lease holds its place.
    pub fn renew(&self, instance: Instance) {
        let mut known = self.node.lock();
        let holder = *known.leases.entry(self.key.clone()).or_insert(self.number);
        let entry = known.state.instances.get(&self.key);
        let same = entry.is_some_and(|entry| match &entry.presence {
            Presence::Here(known) => {
                *known
                    == Instance {
                        epoch: known.epoch,
                        ..instance.clone()
                    }
            }
            Presence::Gone => false,
        });
        if holder == self.number && !same {
            self.node.write(&mut known, |state| {
                state.here(self.key.clone(), instance, now_ms())
            });
        }
    }

    /// Lets go without taking the instance out: this node ends, and the instance
    /// lives on elsewhere.
    pub fn abandon(mut self) {
        self.ends = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut known = self.node.lock();
        if self.ends && known.leases.get(&self.key) == Some(&self.number) {
            known.leases.remove(&self.key);
            let key = self.key.clone();
            self.node
                .write(&mut known, |state| state.gone(key, now_ms()));
        }
    }
}
