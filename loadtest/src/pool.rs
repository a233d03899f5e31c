//! Who visits: people who come back, and people who have never been here.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Maximum number of visitors that are kept between two visits.
const MAX_IDLE_VISITORS: usize = 1000;

/// Everybody who has visited and may come back.
#[derive(Debug)]
pub struct VisitorPool<V> {
    outside: Mutex<Vec<V>>,
    met: AtomicU64,
}

impl<V> Default for VisitorPool<V> {
    fn default() -> Self {
        Self {
            outside: Mutex::default(),
            met: AtomicU64::new(0),
        }
    }
}

impl<V> VisitorPool<V> {
    /// Somebody who has been here, if `returns` and there is anybody; otherwise
    /// the person that `make` makes of their number.
    pub fn next(&self, returns: bool, make: impl FnOnce(u64) -> V) -> V {
        let known = if returns { self.lock().pop() } else { None };
        known.unwrap_or_else(|| make(self.met.fetch_add(1, Relaxed)))
    }

    /// Remembers a visitor who leaves.
    pub fn leave(&self, visitor: V) {
        let mut outside = self.lock();
        if outside.len() < MAX_IDLE_VISITORS {
            outside.push(visitor);
        }
    }

    /// How many people there have been.
    pub fn met(&self) -> u64 {
        self.met.load(Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<V>> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_left_can_come_back() {
        let crowd = VisitorPool::default();
        let first = crowd.next(true, |number| number);
        assert_eq!((first, crowd.next(true, |number| number)), (0, 1));
        crowd.leave(first);
        assert_eq!(crowd.next(false, |number| number), 2);
        assert_eq!(crowd.next(true, |number| number), 0);
        assert_eq!(crowd.met(), 3);
    }

    #[test]
    fn a_crowd_is_bounded() {
        let crowd = VisitorPool::default();
        (0..10 * MAX_IDLE_VISITORS).for_each(|visitor| crowd.leave(visitor));
        assert_eq!(crowd.lock().len(), MAX_IDLE_VISITORS);
    }
}
