//! How long to wait before starting again what died.

use std::time::Duration;

const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);
/// Who lived this long is forgiven.
const HEALTHY: Duration = Duration::from_secs(2);

/// Doubles the wait from death to death.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: MIN_DELAY }
    }
}

impl Backoff {
    /// The wait after a process that `lived` so long.
    pub(crate) fn after(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY {
            self.next = MIN_DELAY;
        }
        let pause = self.next;
        self.next = (self.next * 2).min(MAX_DELAY);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8)
            .map(|_| backoff.after(Duration::ZERO).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn a_healthy_life_is_a_new_start() {
        let mut backoff = Backoff::default();
        backoff.after(Duration::ZERO);
        assert_eq!(backoff.after(HEALTHY), MIN_DELAY);
    }
}
