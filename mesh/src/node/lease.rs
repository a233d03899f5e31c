//! How long an instance is in the mesh: as long as somebody holds its lease.

use tokio_util::sync::CancellationToken;

use super::{Node, now_ms};
use crate::crdt::{Key, Presence};
use crate::record::Instance;

/// An instance's place in the mesh. Dropping it takes the instance out, unless
/// a later lease holds that place by then.
pub struct Lease {
    node: Node,
    key: Key,
    number: u64,
    ended: CancellationToken,
    ends: bool,
}

impl Lease {
    pub(super) fn new(node: Node, key: Key, (number, ended): (u64, CancellationToken)) -> Self {
        Self {
            node,
            key,
            number,
            ended,
            ends: true,
        }
    }

    /// Repeats or changes what the instance says. Has no effect while a later
    /// lease holds its place.
    pub fn renew(&self, instance: Instance) {
        let mut known = self.node.lock();
        let holder = known.leases.get(&self.key);
        let Some(holder) = holder.filter(|holder| holder.number == self.number) else {
            return;
        };
        let mut instance = Instance {
            incarnation: holder.incarnation,
            ..instance
        };
        let entry = known.state.instances.get(&self.key);
        if let Some(Presence::Here(before)) = entry.map(|entry| &entry.presence) {
            let epoch = std::mem::replace(&mut instance.epoch, before.epoch);
            if instance == *before {
                return;
            }
            instance.epoch = epoch;
        }
        self.node.write(&mut known, |state| {
            state.here(self.key.clone(), instance, now_ms())
        });
    }

    /// Cancelled when the node takes the lease back, because an older process holds
    /// the name elsewhere.
    #[must_use]
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
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
        let holder = known.leases.get(&self.key).map(|holder| holder.number);
        if self.ends && holder == Some(self.number) {
            known.leases.remove(&self.key);
            let key = self.key.clone();
            self.node
                .write(&mut known, |state| state.gone(key, now_ms()));
        }
    }
}
