//! Shipments, and what may follow what.
//!
//! `waiting -> leased -> packed -> shipped`. A failed try goes back to where it can
//! be leased again (a packed shipment stays packed), and the fifth to `stuck`.
//! That a worker died with it says nothing about a shipment: such a try *lapsed*,
//! and only a great many of them make it stuck, too.
//! What is not packed yet can be `recalled`, for ever.

mod state;
#[cfg(test)]
mod tests;

use chassis::{Error, Result};

pub use state::State;

/// Maximum number of attempts at a shipment; then an operator must act.
pub const MAX_ATTEMPTS: i64 = 5;

/// How many workers may die with it before a person must look.
pub const MAX_LAPSES: i64 = 50;

/// Maximum length of a name or a reason, in characters.
pub const MAX_TEXT_LEN: usize = 200;

/// Something to be sent to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Names the shipment: a UUID, usually.
    pub id: String,
    /// The order it belongs to, if it is one of ours.
    pub order_id: Option<String>,
    /// Whom it is for: the customer's id.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// How often a worker took it.
    pub attempts: i64,
    /// How many of those attempts ended with their worker, for no fault of the shipment.
    pub lapses: i64,
    /// Who took it last.
    pub worker: String,
    /// Proves whose the lease is; empty when nobody's.
    pub token: String,
    /// When it may be leased next (the present lease runs out then); never, once
    /// shipped, stuck or recalled. All times are milliseconds since the Unix epoch.
    pub due_at_ms: Option<i64>,
    /// When it came in.
    pub created_at_ms: i64,
    /// When it was packed.
    pub packed_at_ms: Option<i64>,
    /// When it was shipped.
    pub shipped_at_ms: Option<i64>,
    /// Why the last try failed; empty when none did.
    pub failure: String,
}

/// What a worker is promised.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Who takes it.
    pub worker: String,
    /// Proves that they did.
    pub token: String,
    /// When the promise was made.
    pub now_ms: i64,
    /// When it ends.
    pub until_ms: i64,
}

impl Shipment {
    /// A shipment that has just come in.
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
            lapses: 0,
            worker: String::new(),
            token: String::new(),
            due_at_ms: Some(now_ms),
            created_at_ms: now_ms,
            packed_at_ms: None,
            shipped_at_ms: None,
            failure: String::new(),
        })
    }

    /// What is remembered of an order that was recalled before its shipment came in.
    pub fn never(id: &str, order_id: &str, now_ms: i64) -> Result<Self> {
        let mut shipment = Self::new(id, order_id, "", now_ms)?;
        shipment.recall()?;
        Ok(shipment)
    }

    /// Gives the shipment to a worker, unless that has failed too often: then it is
    /// stuck. Returns whether it was given.
    pub fn lease(&mut self, lease: &Lease) -> bool {
        if self.due_at_ms.is_none_or(|due| due > lease.now_ms) {
            return false;
        }
        if !self.token.is_empty() {
            "the lease ran out".clone_into(&mut self.failure);
            self.lapses += 1;
        }
        if self.is_hopeless() {
            self.end(State::Stuck);
            return false;
        }
        if self.state == State::Waiting {
            self.state = State::Leased;
        }
        self.attempts += 1;
        self.worker.clone_from(&lease.worker);
        self.token.clone_from(&lease.token);
        self.due_at_ms = Some(lease.until_ms);
        true
    }

    /// Notes that it is in its box.
    pub fn pack(&mut self, token: &str, now_ms: i64) -> Result<()> {
        self.check(token)?;
        if self.state == State::Leased {
            self.state = State::Packed;
            self.packed_at_ms = Some(now_ms);
        }
        Ok(())
    }

    /// Notes that it is gone.
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

    /// Takes it back from a worker that cannot ship it: to be tried again after a
    /// pause, or stuck.
    pub fn fail(&mut self, token: &str, reason: &str, now_ms: i64) -> Result<()> {
        self.let_go(token, reason)?;
        self.due_at_ms = Some(now_ms + pause_ms(self.failed_tries()));
        if self.is_hopeless() {
            self.end(State::Stuck);
        }
        Ok(())
    }

    /// Takes it back from a worker that ends: it is free at once.
    pub fn give_back(&mut self, token: &str, reason: &str, now_ms: i64) -> Result<()> {
        self.let_go(token, reason)?;
        self.lapses += 1;
        self.due_at_ms = Some(now_ms);
        Ok(())
    }

    /// Takes it back for ever, from a worker too, unless it is in its box.
    pub fn recall(&mut self) -> Result<()> {
        if self.packed_at_ms.is_some() {
            return Err(Error::Refused("already packed".into()));
        }
        self.end(State::Recalled);
        Ok(())
    }

    fn let_go(&mut self, token: &str, reason: &str) -> Result<()> {
        self.check(token)?;
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

    fn failed_tries(&self) -> i64 {
        self.attempts - self.lapses
    }

    fn is_hopeless(&self) -> bool {
        self.failed_tries() >= MAX_ATTEMPTS || self.lapses >= MAX_LAPSES
    }

    fn end(&mut self, state: State) {
        self.state = state;
        self.token.clear();
        self.due_at_ms = None;
    }

    /// A lease that ran out still counts until somebody else takes over.
    fn check(&self, token: &str) -> Result<()> {
        if self.state == State::Recalled {
            return Err(Error::Refused("the shipment was recalled".into()));
        }
        if token.is_empty() || token != self.token {
            return Err(Error::Refused("the lease is no longer yours".into()));
        }
        Ok(())
    }
}

/// What just failed is left alone for a second, then two, four, eight.
fn pause_ms(tries: i64) -> i64 {
    1000 << (tries - 1).clamp(0, MAX_ATTEMPTS)
}
