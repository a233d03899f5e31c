//! What a run comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{Counter, Histogram};
use serde::Serialize;

use crate::options::Load;
use crate::recorder::{Figures, Purchases, Slot};

mod table;

/// A run in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Name of the behaviour profile.
    pub profile: &'static str,
    /// Seed of the random generator.
    pub seed: u64,
    /// How many people there were.
    pub visitors: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many requests were made.
    pub requests: u64,
    /// How many of them each second.
    pub requests_per_second: f64,
    /// How many of them failed: an error, no answer, or one that made no sense.
    pub failed: u64,
    /// What share of them that is.
    pub error_rate: f64,
    /// What share of them was answered with anything but a fault of the shop's own.
    pub availability: f64,
    /// Purchase attempts by result.
    pub orders: Purchases,
    /// How long requests took, from when they were due.
    pub latency: Latency,
    /// Statuses, and ways not to answer.
    pub outcomes: BTreeMap<String, u64>,
    /// Figures by kind of request.
    pub steps: Vec<Kind>,
    /// How it went over time.
    pub series: Vec<Moment>,
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Mean latency in milliseconds.
    pub mean: f64,
    /// Half took no longer.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// 999 of 1000 took no longer.
    pub p999: f64,
    /// Maximum latency in milliseconds.
    pub max: f64,
}

/// Requests of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Kind {
    /// What the profile calls them.
    pub name: &'static str,
    /// How many there were.
    pub requests: u64,
    /// Number of failed requests.
    pub failed: u64,
    /// How long they took.
    pub latency: Latency,
}

/// A stretch of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// When it began, in seconds from the start.
    pub at: f64,
    /// Mean number of requests per second.
    pub rate: f64,
    /// Failed requests a second.
    pub failed: f64,
    /// Acknowledged orders a second.
    pub orders: f64,
    /// How long requests took.
    pub latency: Latency,
}

impl Summary {
    /// Sums a run up.
    #[must_use]
    pub fn of(options: &Load, visitors: u64, elapsed: Duration, figures: &Figures) -> Self {
        let all = &figures.all;
        let seconds = elapsed.as_secs_f64();
        let width = figures.series.width();
        let moments = (0u32..).zip(figures.series.slots());
        let steps = figures.steps.iter().map(|(name, step)| Kind {
            name,
            requests: step.requests,
            failed: step.failed,
            latency: Latency::of(&step.waits),
        });
        Self {
            profile: options.profile.name(),
            seed: options.seed,
            visitors,
            seconds,
            requests: all.requests,
            requests_per_second: number(all.requests) / seconds.max(0.001),
            failed: all.failed,
            error_rate: share(all.failed, all.requests, 0.0),
            availability: share(figures.available, all.requests, 1.0),
            orders: figures.purchases,
            latency: Latency::of(&all.waits),
            outcomes: figures.outcomes.clone(),
            steps: steps.collect(),
            series: moments
                .map(|(index, slot)| Moment::of(width * index, width, slot))
                .collect(),
        }
    }
}

impl Latency {
    /// Converts a histogram of microseconds to milliseconds.
    fn of<T: Counter>(waits: &Histogram<T>) -> Self {
        let at = |percent| number(waits.value_at_percentile(percent)) / 1000.0;
        Self {
            mean: waits.mean() / 1000.0,
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p999: at(99.9),
            max: number(waits.max()) / 1000.0,
        }
    }
}

impl Moment {
    fn of(begin: Duration, width: Duration, slot: &Slot) -> Self {
        let each_second = |count| number(count) / width.as_secs_f64();
        Self {
            at: begin.as_secs_f64(),
            rate: each_second(slot.requests),
            failed: each_second(slot.failed),
            orders: each_second(slot.orders),
            latency: Latency::of(&slot.waits),
        }
    }
}

fn share(part: u64, whole: u64, of_nothing: f64) -> f64 {
    if whole == 0 {
        return of_nothing;
    }
    number(part) / number(whole)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_nothing_are_what_they_should_be() {
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(share(0, 0, 1.0), 1.0) && close(share(1, 4, 1.0), 0.25));
    }

    #[test]
    fn latencies_are_milliseconds() {
        let mut waits = crate::recorder::histogram();
        (1..=1000).for_each(|millis| waits.record(millis * 1000).unwrap());
        let latency = Latency::of(&waits);
        assert!((latency.p50 - 500.0).abs() < 1.0 && (latency.p99 - 990.0).abs() < 1.0);
        assert!((latency.max - 1000.0).abs() < 1.0 && (latency.mean - 500.5).abs() < 1.0);
    }
}
