//! Failed sign-ins: ten within a minute, and the name has to rest for one.
//!
//! Pure: the time is an argument. Only failures count, so a customer who knows
//! the password may come as often as they like, unless somebody else is
//! guessing at their name right now.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use chassis::{Error, Result};

/// So many failures within [`WINDOW`] are too many.
pub const LIMIT: u32 = 10;

/// How long failures count, and how long a name then rests.
pub const WINDOW: Duration = Duration::from_secs(60);

/// So many names are watched at most. Checking a password takes so long that no
/// attacker gets through more names in a minute.
const WATCHED: usize = 10_000;

/// The failures of the last minute, by name.
#[derive(Debug, Default)]
pub struct Attempts {
    /// Keyed by a hash under a secret of this process: people type passwords
    /// into the wrong field.
    failures: HashMap<u64, Failures>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Failures {
    fn counts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < WINDOW
    }
}

impl Attempts {
    /// Fails while `username` has to rest.
    pub fn admit(&self, username: &str, now: Instant) -> Result<()> {
        let failures = self.failures.get(&self.hasher.hash_one(username));
        if failures.is_some_and(|failures| failures.count >= LIMIT && failures.counts(now)) {
            return Err(Error::Exhausted(
                "too many failed sign-ins: try again in a minute",
            ));
        }
        Ok(())
    }

    /// Notes that somebody gave a wrong password for `username`.
    pub fn failed(&mut self, username: &str, now: Instant) {
        let key = self.hasher.hash_one(username);
        if !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        let fresh = Failures {
            count: 0,
            since: now,
        };
        let failures = self.failures.entry(key).or_insert(fresh);
        if !failures.counts(now) {
            *failures = Failures {
                count: 0,
                since: now,
            };
        }
        failures.count += 1;
        if failures.count == LIMIT {
            failures.since = now;
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.failures.len() < WATCHED {
            return;
        }
        self.failures.retain(|_, failures| failures.counts(now));
        if self.failures.len() >= WATCHED {
            let oldest = self
                .failures
                .iter()
                .min_by_key(|(_, failures)| failures.since);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| self.failures.remove(&key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_failures_within_a_minute_are_too_many() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..LIMIT {
            assert!(attempts.admit("ada", now).is_ok());
            attempts.failed("ada", now);
        }
        assert!(attempts.admit("ada", now + SECOND * 59).is_err());
        assert!(attempts.admit("ada", now + WINDOW).is_ok());
        assert!(attempts.admit("bob", now).is_ok());
    }

    #[test]
    fn the_rest_begins_with_the_last_failure() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for second in 0..LIMIT {
            attempts.failed("ada", now + SECOND * second);
        }
        let last = now + SECOND * (LIMIT - 1);
        assert!(attempts.admit("ada", last + SECOND * 59).is_err());
        assert!(attempts.admit("ada", last + WINDOW).is_ok());
    }

    #[test]
    fn slow_failures_are_forgiven() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for minute in 0..LIMIT * 2 {
            attempts.failed("ada", now + WINDOW * minute);
            assert!(attempts.admit("ada", now + WINDOW * minute).is_ok());
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_name_goes_first() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..LIMIT {
            attempts.failed("ada", now + SECOND);
        }
        for number in 0..WATCHED + 5 {
            attempts.failed(&number.to_string(), now);
        }
        assert_eq!(attempts.failures.len(), WATCHED);
        assert!(attempts.admit("ada", now + SECOND).is_err());
    }
}
