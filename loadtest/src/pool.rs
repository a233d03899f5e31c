//! Pool of visitors: idle ones that may return, and new ones.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Upper bound of idle visitors kept for later visits.
const MAX_IDLE_VISITORS: usize = 1000;

/// Pool of idle visitors that may return.
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

    /// Returns a visitor to the pool; drops it when the pool is full.
    pub fn leave(&self, visitor: V) {
        let mut outside = self.lock();
        if outside.len() < MAX_IDLE_VISITORS {
            outside.push(visitor);
        }
    }

    /// Returns the number of distinct visitors.
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
        let pool = VisitorPool::default();
        let first = pool.next(true, |number| number);
        assert_eq!((first, pool.next(true, |number| number)), (0, 1));
        pool.leave(first);
        assert_eq!(pool.next(false, |number| number), 2);
        assert_eq!(pool.next(true, |number| number), 0);
        assert_eq!(pool.met(), 3);
    }

    #[test]
    fn a_pool_is_bounded() {
        let pool = VisitorPool::default();
        (0..10 * MAX_IDLE_VISITORS).for_each(|visitor| pool.leave(visitor));
        assert_eq!(pool.lock().len(), MAX_IDLE_VISITORS);
    }
}
