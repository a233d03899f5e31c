//! Logging the same thing only now and then, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many different things are told apart; beyond that new ones are not logged.
const MAX_KEYS: usize = 1024;

/// Lets each key through once per interval.
#[derive(Debug)]
pub struct Throttle<K> {
    interval: Duration,
    last: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Throttle<K> {
    /// One that lets each key through once per `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: Mutex::default(),
        }
    }

    /// Whether it is time for `key` again.
    pub fn allows(&self, key: K) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Instant| now.duration_since(*at) < self.interval;
        if last.get(&key).is_some_and(is_recent) {
            return false;
        }
        if last.len() >= MAX_KEYS {
            last.retain(|_, at| is_recent(at));
        }
        if last.len() >= MAX_KEYS {
            return false;
        }
        last.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_passes_once_per_interval() {
        let throttle = Throttle::new(Duration::from_secs(3600));
        assert!(throttle.allows("a") && throttle.allows("b"));
        assert!(!throttle.allows("a"));
        let none = Throttle::new(Duration::ZERO);
        assert!(none.allows("a") && none.allows("a"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let throttle = Throttle::new(Duration::from_secs(3600));
        let passed = (0..10 * MAX_KEYS)
            .filter(|key| throttle.allows(*key))
            .count();
        assert_eq!(passed, MAX_KEYS);
    }
}
