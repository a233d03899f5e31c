//! What came of every request: counted and measured in a space that does not
//! grow with the run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

pub mod outcome;
pub mod series;

pub use outcome::{Outcome, Purchase, Purchases, TransportError};
pub use series::{Series, Slot};

/// Upper bound of the histograms; longer latencies are recorded as this value.
const MAX_RECORDED_WAIT: Duration = Duration::from_secs(600);

/// Requests of one kind.
#[derive(Clone, Debug)]
pub struct Step {
    /// How many there were.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How long they took, in microseconds.
    pub waits: Histogram<u64>,
}

/// All figures of a run.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Figures over all requests.
    pub all: Step,
    /// How many were answered, and not with a fault of the shop's own.
    pub available: u64,
    /// By kind, as profiles call them.
    pub steps: BTreeMap<&'static str, Step>,
    /// Request counts by outcome name.
    pub outcomes: BTreeMap<String, u64>,
    /// Purchase attempts by result.
    pub purchases: Purchases,
    /// How it went, over time.
    pub series: Series,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            requests: 0,
            failed: 0,
            waits: histogram(),
        }
    }
}

impl Step {
    fn add(&mut self, micros: u64, failed: bool) {
        self.requests += 1;
        self.failed += u64::from(failed);
        self.waits.saturating_record(micros);
    }
}

/// Takes figures down while a run goes on.
#[derive(Debug)]
pub struct Recorder {
    begun: Instant,
    figures: Mutex<Figures>,
}

impl Recorder {
    /// An empty one of a run that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            figures: Mutex::default(),
        }
    }

    /// How long the run has gone on.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes down a request of the kind `step` that was due at `due` and ends now.
    pub fn request(&self, step: &'static str, due: Instant, outcome: Outcome) {
        let elapsed = self.elapsed();
        let micros = micros(due.elapsed());
        let mut figures = self.lock();
        figures.all.add(micros, outcome.failed());
        figures.available += u64::from(outcome.available());
        let of_kind = figures.steps.entry(step).or_default();
        of_kind.add(micros, outcome.failed());
        *figures.outcomes.entry(outcome.name()).or_default() += 1;
        let slot = figures.series.at(elapsed);
        slot.requests += 1;
        slot.failed += u64::from(outcome.failed());
        slot.waits.saturating_record(micros);
    }

    /// Takes down an attempt to buy.
    pub fn purchase(&self, purchase: Purchase) {
        let elapsed = self.elapsed();
        let mut figures = self.lock();
        let purchases = &mut figures.purchases;
        match purchase {
            Purchase::Acknowledged => purchases.acknowledged += 1,
            Purchase::Refused => purchases.refused += 1,
            Purchase::Unknown => purchases.unknown += 1,
        }
        if purchase == Purchase::Acknowledged {
            figures.series.at(elapsed).orders += 1;
        }
    }

    /// Shows the figures so far to `look`.
    pub fn read<T>(&self, look: impl FnOnce(&Figures) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An empty histogram of microseconds, exact to a thousandth, of fixed size.
#[must_use]
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "these bounds are good ones, whatever happens"
)]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, micros(MAX_RECORDED_WAIT), 3).expect("good bounds")
}

fn micros(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;

    #[tokio::test(start_paused = true)]
    async fn every_request_is_counted_once_in_every_view() {
        let recorder = Recorder::begin();
        let due = Instant::now();
        tokio::time::sleep(Duration::from_millis(30)).await;
        recorder.request("home", due, Outcome::Expected(StatusCode::OK));
        recorder.request("home", due, Outcome::Unexpected(StatusCode::BAD_GATEWAY));
        recorder.request("buy", due, Outcome::Unexpected(StatusCode::NOT_FOUND));
        recorder.request("buy", due, Outcome::TransportError(TransportError::Timeout));
        recorder.read(|figures| {
            assert_eq!((figures.all.requests, figures.all.failed), (4, 3));
            assert_eq!(figures.available, 2);
            assert_eq!(figures.steps["home"].requests, 2);
            assert_eq!(figures.outcomes["timed out"], 1);
            let p99 = figures.all.waits.value_at_percentile(99.0);
            assert!(p99.abs_diff(30_000) <= 30, "{p99}");
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_tally_takes_the_same_space_after_a_long_run() {
        let recorder = Recorder::begin();
        let size = || recorder.read(size_of);
        recorder.request("home", Instant::now(), Outcome::Expected(StatusCode::OK));
        for _ in 0..5000 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            recorder.request("home", Instant::now(), Outcome::Expected(StatusCode::OK));
        }
        let early = size();
        for wait in 0..20_000 {
            let due = Instant::now();
            tokio::time::sleep(Duration::from_millis(wait)).await;
            recorder.request("home", due, Outcome::Expected(StatusCode::OK));
        }
        assert_eq!(size(), early);
        assert_eq!(recorder.read(|figures| figures.all.requests), 25_001);
    }

    /// Places for numbers, which is what histograms and series are made of.
    fn size_of(figures: &Figures) -> usize {
        let steps = figures
            .steps
            .values()
            .map(|step| step.waits.distinct_values());
        steps.sum::<usize>() + figures.series.slots().len().next_power_of_two()
    }
}
