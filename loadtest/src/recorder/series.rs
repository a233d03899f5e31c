//! How a run went over time, in a fixed number of slots: when they are full,
//! each two become one and the next ones last twice as long.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Upper bound of time slots in a series.
const MAX_SLOTS: usize = 120;

/// Two digits will do for a chart.
const MAX_WAIT_MICROS: u64 = 600_000_000;

/// Slots of equal length, from the start of the run.
#[derive(Clone, Debug)]
pub struct Series {
    width: Duration,
    slots: Vec<Slot>,
}

/// What happened within one slot.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Number of completed requests.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Orders that were acknowledged.
    pub orders: u64,
    /// How long the requests took, in microseconds.
    pub waits: Histogram<u32>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            width: Duration::from_secs(1),
            slots: Vec::new(),
        }
    }
}

impl Default for Slot {
    #[expect(
        clippy::expect_used,
        reason = "these bounds are good ones, whatever happens"
    )]
    fn default() -> Self {
        let waits = Histogram::new_with_bounds(1, MAX_WAIT_MICROS, 2);
        Self {
            requests: 0,
            failed: 0,
            orders: 0,
            waits: waits.expect("good bounds"),
        }
    }
}

impl Slot {
    fn absorb(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.orders += other.orders;
        // Both have the same bounds, so that there is nothing to refuse.
        _ = self.waits.add(&other.waits);
    }
}

impl Series {
    /// The slot for what happens so long after the start.
    pub fn at(&mut self, elapsed: Duration) -> &mut Slot {
        while self.index(elapsed) >= MAX_SLOTS {
            self.halve();
        }
        let index = self.index(elapsed);
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }

    /// How long each slot lasts.
    #[must_use]
    pub fn width(&self) -> Duration {
        self.width
    }

    /// All slots, the first one first.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn index(&self, elapsed: Duration) -> usize {
        let index = elapsed.as_nanos() / self.width.as_nanos();
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    fn halve(&mut self) {
        let pairs = self.slots.chunks(2).map(|pair| {
            let mut slot = pair[0].clone();
            pair[1..].iter().for_each(|other| slot.absorb(other));
            slot
        });
        self.slots = pairs.collect();
        self.width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_no_more_slots_and_loses_nothing() {
        let mut series = Series::default();
        for second in 0..100_000 {
            let slot = series.at(Duration::from_secs(second));
            slot.requests += 1;
            slot.waits.saturating_record(1000);
        }
        assert!(series.slots().len() <= MAX_SLOTS && series.slots().len() > MAX_SLOTS / 2);
        let requests = series.slots().iter().map(|slot| slot.requests);
        let measured = series.slots().iter().map(|slot| slot.waits.len());
        assert_eq!(
            (requests.sum::<u64>(), measured.sum::<u64>()),
            (100_000, 100_000)
        );
        assert_eq!(series.width(), Duration::from_secs(1024));
    }

    #[test]
    fn a_quiet_stretch_is_an_empty_slot() {
        let mut series = Series::default();
        series.at(Duration::from_millis(500)).orders += 1;
        series.at(Duration::from_millis(2500)).orders += 1;
        let orders: Vec<_> = series.slots().iter().map(|slot| slot.orders).collect();
        assert_eq!(orders, [1, 0, 1]);
    }
}
