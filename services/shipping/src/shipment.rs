//! Shipments and their state machine.
//!
//! `waiting -> leased -> packed -> shipped`. After a failed attempt a shipment can be
//! leased again (a packed shipment stays packed); the fifth failure makes it `stuck`.
//! An attempt whose worker died or shut down counts as an expired lease, not as a
//! failure, and only many of those make a shipment `stuck`.
//! A shipment that is not packed can be `recalled`, which is final.

mod state;
#[cfg(test)]
mod tests;

use chassis::{Error, Result};

pub use state::State;

/// Maximum number of failed attempts before a shipment is stuck.
pub const MAX_ATTEMPTS: i64 = 5;

/// Maximum number of expired leases before a shipment is stuck.
pub const MAX_EXPIRED_LEASES: i64 = 50;

/// Maximum length of ids and names in bytes, and of failure reasons in characters.
pub const MAX_TEXT_LEN: usize = 200;

/// Shipment of goods to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Identifier of the shipment, usually a UUID.
    pub id: String,
    /// Order of the shipment; absent for shipments of the REST API.
    pub order_id: Option<String>,
    /// Customer id of the recipient.
    pub name: String,
    /// State of the shipment.
    pub state: State,
    /// Number of times the shipment was leased.
    pub attempts: i64,
    /// Number of attempts whose lease expired or was released.
    pub expired_leases: i64,
    /// Name of the last worker.
    pub worker: String,
    /// Token of the current lease; empty when there is none.
    pub token: String,
    /// Time from which the shipment may be leased (the expiry of the current lease);
    /// absent in final states. All times are milliseconds since the Unix epoch.
    pub due_at_ms: Option<i64>,
    /// Time when the shipment was created.
    pub created_at_ms: i64,
    /// Time of packing, if packed.
    pub packed_at_ms: Option<i64>,
    /// Time of shipping, if shipped.
    pub shipped_at_ms: Option<i64>,
    /// Reason of the last failed attempt; empty when there is none.
    pub failure: String,
}

/// Lease of shipments to a worker.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Name of the worker.
    pub worker: String,
    /// Secret token that identifies the lease.
    pub token: String,
    /// Time of the lease.
    pub now_ms: i64,
    /// Time when the lease expires.
    pub expires_at_ms: i64,
}

impl Shipment {
    /// Creates a waiting shipment. Fails when a text is too long or contains NUL.
    pub fn new(id: &str, order_id: &str, name: &str, now_ms: i64) -> Result<Self> {
        for (what, text) in [("id", id), ("order_id", order_id), ("name", name)] {
            if text.len() > MAX_TEXT_LEN || text.contains('\0') {
                return Err(Error::invalid(format!("{what} is too long or not text")));
            }
        }
        Ok(Self {
            id: id.to_owned(),
            order_id: Some(order_id.to_owned()).filter(|order| !order.is_empty()),
            name: name.to_owned(),
            state: State::Waiting,
            attempts: 0,
            expired_leases: 0,
            worker: String::new(),
            token: String::new(),
            due_at_ms: Some(now_ms),
            created_at_ms: now_ms,
            packed_at_ms: None,
            shipped_at_ms: None,
            failure: String::new(),
        })
    }

    /// Creates the tombstone of an order that was recalled before its shipment arrived.
    pub fn tombstone(id: &str, order_id: &str, now_ms: i64) -> Result<Self> {
        let mut shipment = Self::new(id, order_id, "", now_ms)?;
        shipment.recall()?;
        Ok(shipment)
    }

    /// Leases the shipment to a worker when it is due, or makes it stuck when its
    /// attempts are exhausted. Returns whether it was leased.
    pub fn lease(&mut self, lease: &Lease) -> bool {
        if self.due_at_ms.is_none_or(|due| due > lease.now_ms) {
            return false;
        }
        if !self.token.is_empty() {
            "the lease ran out".clone_into(&mut self.failure);
            self.expired_leases += 1;
        }
        if self.is_exhausted() {
            self.finish(State::Stuck);
            return false;
        }
        if self.state == State::Waiting {
            self.state = State::Leased;
        }
        self.attempts += 1;
        self.worker.clone_from(&lease.worker);
        self.token.clone_from(&lease.token);
        self.due_at_ms = Some(lease.expires_at_ms);
        true
    }

    /// Marks the shipment as packed.
    pub fn pack(&mut self, token: &str, now_ms: i64) -> Result<()> {
        self.check_token(token)?;
        if self.state == State::Leased {
            self.state = State::Packed;
            self.packed_at_ms = Some(now_ms);
        }
        Ok(())
    }

    /// Marks the shipment as shipped.
    pub fn complete(&mut self, token: &str, now_ms: i64) -> Result<()> {
        self.pack(token, now_ms)?;
        if self.state == State::Packed {
            self.state = State::Shipped;
            self.shipped_at_ms = Some(now_ms);
            self.due_at_ms = None;
            self.failure.clear();
        }
        Ok(())
    }

    /// Records a failed attempt: the shipment is retried after a delay, or stuck.
    pub fn fail(&mut self, token: &str, reason: &str, now_ms: i64) -> Result<()> {
        self.clear_lease(token, reason)?;
        self.due_at_ms = Some(now_ms + retry_delay_ms(self.failed_attempts()));
        if self.is_exhausted() {
            self.finish(State::Stuck);
        }
        Ok(())
    }

    /// Releases the lease of a worker that shuts down; the shipment is due at once.
    pub fn release(&mut self, token: &str, reason: &str, now_ms: i64) -> Result<()> {
        self.clear_lease(token, reason)?;
        self.expired_leases += 1;
        self.due_at_ms = Some(now_ms);
        Ok(())
    }

    /// Recalls the shipment for good, even while it is leased. Fails once it is packed.
    pub fn recall(&mut self) -> Result<()> {
        if self.packed_at_ms.is_some() {
            return Err(Error::Refused("already packed".into()));
        }
        self.finish(State::Recalled);
        Ok(())
    }

    /// Ends the lease and records the reason; a packed shipment stays packed.
    fn clear_lease(&mut self, token: &str, reason: &str) -> Result<()> {
        self.check_token(token)?;
        if self.state == State::Shipped {
            return Err(Error::Refused("the shipment is already shipped".into()));
        }
        self.failure = reason
            .replace('\0', "")
            .chars()
            .take(MAX_TEXT_LEN)
            .collect();
        if self.state == State::Leased {
            self.state = State::Waiting;
        }
        self.token.clear();
        Ok(())
    }

    fn failed_attempts(&self) -> i64 {
        self.attempts - self.expired_leases
    }

    fn is_exhausted(&self) -> bool {
        self.failed_attempts() >= MAX_ATTEMPTS || self.expired_leases >= MAX_EXPIRED_LEASES
    }

    fn finish(&mut self, state: State) {
        self.state = state;
        self.token.clear();
        self.due_at_ms = None;
    }

    /// Checks the lease token. An expired lease stays valid until the shipment is leased
    /// again.
    fn check_token(&self, token: &str) -> Result<()> {
        if self.state == State::Recalled {
            return Err(Error::Refused("the shipment was recalled".into()));
        }
        if token.is_empty() || token != self.token {
            return Err(Error::Refused(
                "the token is not that of the current lease".into(),
            ));
        }
        Ok(())
    }
}

/// Exponential backoff after `attempts` failures: 1, 2, 4, 8 seconds.
fn retry_delay_ms(attempts: i64) -> i64 {
    1000 << (attempts - 1).clamp(0, MAX_ATTEMPTS)
}
