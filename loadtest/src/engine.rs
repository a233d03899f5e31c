//! Letting visitors in.
//!
//! [`open`]: they arrive when the schedule says, whether or not the shop keeps
//! up, and their waiting counts from then; so a shop that stands still shows.
//! [`closed`]: so many users, each of whom waits for an answer before asking
//! again; a shop that stands still is then simply asked less. That is the usual
//! mistake, kept to be shown beside the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// One visit to be made.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its number, from 0.
    pub number: u64,
    /// When it was to begin: perhaps a while ago.
    pub due: Instant,
}

/// Begins a visit at each of the `arrivals` until `stop`, and returns when all
/// have ended. Beyond `most` at once they queue outside, and that counts.
pub async fn open<F>(
    arrivals: impl Iterator<Item = Duration>,
    most: usize,
    stop: &CancellationToken,
    visit: impl Fn(Arrival) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut visits = JoinSet::new();
    for (number, offset) in (0..).zip(arrivals) {
        let due = begun + offset;
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = sleep_until(due) => {}
        }
        while visits.try_join_next().is_some() {}
        while visits.len() >= most {
            visits.join_next().await;
        }
        visits.spawn(visit(Arrival { number, due }));
    }
    while visits.join_next().await.is_some() {}
}

/// How many users make one visit after the other, for how long.
#[derive(Clone, Copy, Debug)]
pub struct Users {
    /// Number of virtual users.
    pub count: u32,
    /// No visit begins after this.
    pub duration: Duration,
    /// They come one by one within this.
    pub ramp: Duration,
}

/// Lets `users` make visits until their time is over or `stop`.
pub async fn closed<F>(
    users: Users,
    stop: &CancellationToken,
    visit: impl Fn(Arrival) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let end = begun + users.duration;
    let numbers = Arc::new(AtomicU64::new(0));
    let visit = Arc::new(visit);
    let mut all = JoinSet::new();
    for user in 0..users.count {
        let (visit, numbers, stop) = (visit.clone(), numbers.clone(), stop.clone());
        let start = begun + users.ramp * user / users.count;
        all.spawn(async move {
            sleep_until(start).await;
            while !stop.is_cancelled() && Instant::now() < end {
                let number = numbers.fetch_add(1, Relaxed);
                let due = Instant::now();
                visit(Arrival { number, due }).await;
            }
        });
    }
    while all.join_next().await.is_some() {}
}

#[cfg(test)]
#[path = "engine/tests.rs"]
mod tests;
