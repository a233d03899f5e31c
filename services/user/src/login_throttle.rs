//! Login throttle: failed sign-ins are counted, and too many within a minute
//! block further ones for a minute.
//!
//! Pure: the time is an argument. The tight limit is per name *and* source, so
//! that whoever guesses at a name from one network does not lock its owner out
//! on another. Looser limits hold per name over all sources (many networks that
//! guess at one name) and per source over all names (one network that tries a
//! password on many). Only failures count: whoever knows the password may sign
//! in as often as they like.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::{Duration, Instant};

use chassis::{Error, Result};

use crate::source::Source;

/// Maximum number of failed sign-ins of one name from one source within [`WINDOW`]; more are
/// blocked.
pub const MAX_FAILURES: u32 = 10;

/// Failures within [`WINDOW`] of one name from all sources that block it everywhere.
pub const NAME_LIMIT: u32 = 100;

/// Failures within [`WINDOW`] from one source that block it for all names.
pub const SOURCE_LIMIT: u32 = 100;

/// The same for a source that many people share.
pub const SHARED_SOURCE_LIMIT: u32 = 1000;

/// How long failures count, and how long the block then lasts.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Entries per table. Checking a password takes so long that no attacker gets
/// through more names in a minute.
const MAX_ENTRIES: usize = 10_000;

/// The failures of the last minute: by name and source, by name, by source.
#[derive(Debug, Default)]
pub struct LoginThrottle {
    pairs: Table,
    names: Table,
    sources: Table,
    /// Keys are hashes under a secret of this process: people type passwords
    /// into the wrong field.
    hasher: RandomState,
}

impl LoginThrottle {
    /// Fails with [`Error::Exhausted`] while sign-ins of `username` from
    /// `source` are blocked.
    pub fn admit(&self, username: &str, source: Source, now: Instant) -> Result<()> {
        let wait = |(table, key, limit): (&Table, u64, u32)| table.blocked(key, limit, now);
        let longest = self
            .keys(username, source)
            .into_iter()
            .filter_map(wait)
            .max();
        match longest {
            None => Ok(()),
            Some(retry_after) => Err(Error::Exhausted {
                message: "too many failed sign-ins: try again in a minute",
                retry_after,
            }),
        }
    }

    /// Counts a wrong password for `username` from `source`.
    pub fn failed(&mut self, username: &str, source: Source, now: Instant) {
        let [pair, name, network] = self
            .keys(username, source)
            .map(|(_, key, limit)| (key, limit));
        self.pairs.count(pair, now);
        self.names.count(name, now);
        self.sources.count(network, now);
    }

    /// Each table, with the key of this attempt in it and the limit there.
    fn keys(&self, username: &str, source: Source) -> [(&Table, u64, u32); 3] {
        let per_source = if source.is_shared() {
            SHARED_SOURCE_LIMIT
        } else {
            SOURCE_LIMIT
        };
        [
            (&self.pairs, self.key(&(username, source)), MAX_FAILURES),
            (&self.names, self.key(&username), NAME_LIMIT),
            (&self.sources, self.key(&source), per_source),
        ]
    }

    fn key(&self, of: &impl Hash) -> u64 {
        self.hasher.hash_one(of)
    }
}

/// Failures by key, at most [`MAX_ENTRIES`] of them.
#[derive(Debug, Default)]
struct Table(HashMap<u64, Failures>);

#[derive(Debug)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Failures {
    fn left(&self, now: Instant) -> Option<Duration> {
        let left = WINDOW.saturating_sub(now.saturating_duration_since(self.since));
        (!left.is_zero()).then_some(left)
    }
}

impl Table {
    /// How long `key` is blocked from `now` on, if it has reached `limit`.
    fn blocked(&self, key: u64, limit: u32, now: Instant) -> Option<Duration> {
        let failures = self.0.get(&key)?;
        failures.left(now).filter(|_| failures.count >= limit)
    }

    fn count(&mut self, (key, limit): (u64, u32), now: Instant) {
        if !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let fresh = || Failures {
            count: 0,
            since: now,
        };
        let failures = self.0.entry(key).or_insert_with(fresh);
        if failures.left(now).is_none() {
            *failures = fresh();
        }
        failures.count += 1;
        if failures.count == limit {
            failures.since = now;
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.0.len() < MAX_ENTRIES {
            return;
        }
        self.0.retain(|_, failures| failures.left(now).is_some());
        if self.0.len() >= MAX_ENTRIES {
            let oldest = self.0.iter().min_by_key(|(_, failures)| failures.since);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| self.0.remove(&key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn home() -> Source {
        Source::parse("192.0.2.1")
    }

    fn network(number: u32) -> Source {
        Source::parse(&format!("198.51.{}.{}", number / 256, number % 256))
    }

    #[test]
    fn ten_failures_within_a_minute_are_too_many() {
        let (mut attempts, now) = (LoginThrottle::default(), Instant::now());
        for _ in 0..MAX_FAILURES {
            assert!(attempts.admit("ada", home(), now).is_ok());
            attempts.failed("ada", home(), now);
        }
        let refused = attempts.admit("ada", home(), now + SECOND * 50);
        assert_eq!(refused.unwrap_err().retry_after_seconds(), Some(10));
        assert!(attempts.admit("ada", home(), now + WINDOW).is_ok());
        assert!(attempts.admit("bob", home(), now).is_ok());
    }

    #[test]
    fn whoever_guesses_elsewhere_does_not_lock_the_owner_out() {
        let (mut attempts, now) = (LoginThrottle::default(), Instant::now());
        for _ in 0..MAX_FAILURES {
            attempts.failed("ada", network(1), now);
        }
        assert!(attempts.admit("ada", network(1), now).is_err());
        assert!(attempts.admit("ada", home(), now).is_ok());
        assert!(attempts.admit("ada", Source::default(), now).is_ok());
    }

    #[test]
    fn many_networks_together_do_not_get_more_guesses_at_one_name() {
        let (mut attempts, now) = (LoginThrottle::default(), Instant::now());
        for number in 0..NAME_LIMIT {
            assert!(attempts.admit("ada", network(number), now).is_ok());
            attempts.failed("ada", network(number), now);
        }
        assert!(attempts.admit("ada", network(1000), now).is_err());
        assert!(attempts.admit("bob", network(1000), now).is_ok());
        assert!(attempts.admit("ada", network(1000), now + WINDOW).is_ok());
    }

    #[test]
    fn one_network_does_not_get_more_guesses_by_changing_names() {
        let now = Instant::now();
        for (source, limit) in [
            (home(), SOURCE_LIMIT),
            (Source::default(), SHARED_SOURCE_LIMIT),
        ] {
            let mut attempts = LoginThrottle::default();
            for number in 0..limit {
                let name = number.to_string();
                assert!(attempts.admit(&name, source, now).is_ok());
                attempts.failed(&name, source, now);
            }
            assert!(attempts.admit("ada", source, now).is_err());
            assert!(attempts.admit("ada", network(1), now).is_ok());
        }
    }

    #[test]
    fn the_block_begins_with_the_last_failure() {
        let (mut attempts, now) = (LoginThrottle::default(), Instant::now());
        for second in 0..MAX_FAILURES {
            attempts.failed("ada", home(), now + SECOND * second);
        }
        let last = now + SECOND * (MAX_FAILURES - 1);
        assert!(attempts.admit("ada", home(), last + SECOND * 59).is_err());
        assert!(attempts.admit("ada", home(), last + WINDOW).is_ok());
    }

    #[test]
    fn slow_failures_are_forgiven() {
        let (mut attempts, now) = (LoginThrottle::default(), Instant::now());
        for minute in 0..MAX_FAILURES * 2 {
            attempts.failed("ada", home(), now + WINDOW * minute);
            assert!(attempts.admit("ada", home(), now + WINDOW * minute).is_ok());
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_entry_goes_first() {
        let (mut table, now) = (Table::default(), Instant::now());
        for key in 0..MAX_ENTRIES as u64 + 5 {
            table.count((key, 1), now + SECOND * u32::from(key == 0));
        }
        assert_eq!(table.0.len(), MAX_ENTRIES);
        assert!(table.blocked(0, 1, now + SECOND).is_some());
        table.count((u64::MAX, 1), now + WINDOW * 2);
        assert_eq!(table.0.len(), 1);
    }
}
