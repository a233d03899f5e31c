//! Shipments, and what may follow what.
//!
//! `waiting -> leased -> packed -> shipped`. A failed try goes back to where it can
//! be leased again (a packed shipment stays packed), and the fifth to `stuck`.

use chassis::{Error, Result};

/// How often a shipment is tried before a person must look.
pub const TRIES: i64 = 5;

/// Names, and reasons, are not longer.
pub const LONGEST: usize = 200;

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
    /// Who took it last.
    pub worker: String,
    /// Proves whose the lease is; empty when nobody's.
    pub token: String,
    /// When it may be leased next (the present lease runs out then); never, once
    /// shipped or stuck. All times are milliseconds since the Unix epoch.
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

/// How far a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// For a worker.
    Waiting,
    /// A worker has it.
    Leased,
    /// In its box; a worker has it, or it waits for one.
    Packed,
    /// Gone.
    Shipped,
    /// Failed too often.
    Stuck,
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

impl State {
    /// The state as the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Packed => "packed",
            Self::Shipped => "shipped",
            Self::Stuck => "stuck",
        }
    }
}

impl TryFrom<&str> for State {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        let all = [
            Self::Waiting,
            Self::Leased,
            Self::Packed,
            Self::Shipped,
            Self::Stuck,
        ];
        let state = all.into_iter().find(|state| state.as_str() == text);
        state.ok_or_else(|| Error::internal(format!("unknown state `{text}`")))
    }
}

impl Shipment {
    /// A shipment that has just come in.
    pub fn new(id: &str, order_id: &str, name: &str, now_ms: i64) -> Result<Self> {
        for (what, text) in [("id", id), ("order_id", order_id), ("name", name)] {
            if text.len() > LONGEST || text.contains('\0') {
                return Err(Error::invalid(format!("{what} is too long or not text")));
            }
        }
        Ok(Self {
            id: id.to_owned(),
            order_id: Some(order_id.to_owned()).filter(|order| !order.is_empty()),
            name: name.to_owned(),
            state: State::Waiting,
            attempts: 0,
            worker: String::new(),
            token: String::new(),
            due_at_ms: Some(now_ms),
            created_at_ms: now_ms,
            packed_at_ms: None,
            shipped_at_ms: None,
            failure: String::new(),
        })
    }

    /// Gives the shipment to a worker, unless that has failed too often: then it is
    /// stuck. Returns whether it was given.
    pub fn lease(&mut self, lease: &Lease) -> bool {
        if self.due_at_ms.is_none_or(|due| due > lease.now_ms) {
            return false;
        }
        if !self.token.is_empty() {
            "the lease ran out".clone_into(&mut self.failure);
        }
        if self.attempts >= TRIES {
            self.park();
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
        self.check(token)?;
        if self.state == State::Shipped {
            return Err(Error::Refused("the shipment is already shipped".into()));
        }
        self.failure = reason.replace('\0', "").chars().take(LONGEST).collect();
        if self.attempts >= TRIES {
            self.park();
            return Ok(());
        }
        if self.state == State::Leased {
            self.state = State::Waiting;
        }
        self.token.clear();
        self.due_at_ms = Some(now_ms + pause_ms(self.attempts));
        Ok(())
    }

    fn park(&mut self) {
        self.state = State::Stuck;
        self.token.clear();
        self.due_at_ms = None;
    }

    /// A lease that ran out still counts until somebody else takes over.
    fn check(&self, token: &str) -> Result<()> {
        if token.is_empty() || token != self.token {
            return Err(Error::Refused("the lease is no longer yours".into()));
        }
        Ok(())
    }
}

/// What just failed is left alone for a second, then two, four, eight.
fn pause_ms(attempts: i64) -> i64 {
    1000 << (attempts - 1).clamp(0, TRIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(token: &str, now_ms: i64) -> Lease {
        Lease {
            worker: "ann".into(),
            token: token.into(),
            now_ms,
            until_ms: now_ms + 30_000,
        }
    }

    fn new() -> Shipment {
        Shipment::new("s", "o", "n", 0).unwrap()
    }

    #[test]
    fn a_shipment_goes_from_waiting_to_shipped() {
        let mut shipment = new();
        assert!(shipment.lease(&lease("t", 5)));
        assert_eq!((shipment.state, shipment.attempts), (State::Leased, 1));
        shipment.pack("t", 10).unwrap();
        assert_eq!(
            (shipment.state, shipment.packed_at_ms),
            (State::Packed, Some(10))
        );
        shipment.complete("t", 20).unwrap();
        assert_eq!(
            (shipment.state, shipment.shipped_at_ms),
            (State::Shipped, Some(20))
        );
        assert!(!shipment.lease(&lease("u", i64::MAX - 30_000)));
    }

    #[test]
    fn repeating_a_step_changes_nothing() {
        let mut shipment = new();
        shipment.lease(&lease("t", 5));
        shipment.complete("t", 20).unwrap();
        assert_eq!(shipment.packed_at_ms, Some(20));
        let done = shipment.clone();
        shipment.complete("t", 30).unwrap();
        shipment.pack("t", 30).unwrap();
        assert_eq!(shipment, done);
        assert!(shipment.fail("t", "why", 30).is_err());
    }

    #[test]
    fn only_the_holder_of_the_lease_may_go_on() {
        let mut shipment = new();
        for token in ["", "t"] {
            assert!(shipment.pack(token, 1).is_err());
        }
        shipment.lease(&lease("t", 5));
        let leased = shipment.clone();
        assert!(!shipment.lease(&lease("u", 30_004)));
        for token in ["", "u"] {
            assert!(shipment.pack(token, 1).is_err() && shipment.complete(token, 1).is_err());
            assert!(shipment.fail(token, "why", 1).is_err());
        }
        assert_eq!(shipment, leased);
    }

    #[test]
    fn a_lease_that_ran_out_goes_to_the_next_and_the_box_stays_packed() {
        let mut shipment = new();
        shipment.lease(&lease("t", 5));
        shipment.pack("t", 10).unwrap();
        assert!(shipment.lease(&lease("u", 30_005)));
        assert_eq!(
            (shipment.state, shipment.packed_at_ms),
            (State::Packed, Some(10))
        );
        assert_eq!(shipment.failure, "the lease ran out");
        assert!(shipment.complete("t", 31_000).is_err());
        shipment.complete("u", 31_000).unwrap();
        assert_eq!(shipment.failure, "");
    }

    #[test]
    fn each_failure_waits_longer_and_the_fifth_is_the_last() {
        let (mut shipment, mut now) = (new(), 0);
        let mut pauses = Vec::new();
        for _ in 0..TRIES {
            assert!(shipment.lease(&lease("t", now)));
            shipment.fail("t", "torn\0box", now).unwrap();
            pauses.push(shipment.due_at_ms.map(|due| due - now));
            now = shipment.due_at_ms.unwrap_or(now);
        }
        let seconds = |n: i64| Some(n * 1000);
        assert_eq!(
            pauses,
            [seconds(1), seconds(2), seconds(4), seconds(8), None]
        );
        assert_eq!(
            (shipment.state, &*shipment.failure),
            (State::Stuck, "tornbox")
        );
    }

    #[test]
    fn names_are_bounded() {
        let long = "x".repeat(LONGEST + 1);
        for (id, order, name) in [
            (&*long, "", ""),
            ("", &long, ""),
            ("", "", &long),
            ("", "", "\0"),
        ] {
            assert!(Shipment::new(id, order, name, 0).is_err());
        }
    }

    #[test]
    fn states_survive_the_database() {
        for text in ["waiting", "leased", "packed", "shipped", "stuck"] {
            assert_eq!(State::try_from(text).unwrap().as_str(), text);
        }
        assert!(State::try_from("lost").is_err());
    }
}
