//! On a clock that only moves when everybody waits, so that every figure is exact.

use std::sync::Mutex;

use hdrhistogram::Histogram;

use super::*;
use crate::recorder::histogram;
use crate::schedule::Pace;

const MILLISECOND: Duration = Duration::from_millis(1);

fn evenly(gap: Duration, count: u32) -> impl Iterator<Item = Duration> {
    (0..count).map(move |number| gap * number)
}

fn percentile(histogram: &Histogram<u64>, percent: f64) -> Duration {
    Duration::from_micros(histogram.value_at_percentile(percent))
}

/// A server that takes ten milliseconds, save that it stands still from the
/// tenth second to the twelfth.
async fn stalling(begun: Instant) {
    let (stall, end) = (Duration::from_secs(10), Duration::from_secs(12));
    if (stall..end).contains(&begun.elapsed()) {
        sleep_until(begun + end).await;
    }
    tokio::time::sleep(10 * MILLISECOND).await;
}

fn note(waits: &Mutex<Histogram<u64>>, due: Instant) {
    let micros = due.elapsed().as_micros().try_into().unwrap();
    waits.lock().unwrap().record(micros).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_open_loop_shows_that_the_server_stood_still() {
    let begun = Instant::now();
    let waits = Arc::new(Mutex::new(histogram()));
    let noted = waits.clone();
    let visit = move |arrival: Arrival| {
        let waits = noted.clone();
        async move {
            stalling(begun).await;
            note(&waits, arrival.due);
        }
    };
    // 100 a second for half a minute: 200 of 3000 arrive while nothing moves.
    open(
        evenly(10 * MILLISECOND, 3000),
        10_000,
        &CancellationToken::new(),
        visit,
    )
    .await;
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 3000);
    assert!(percentile(&waits, 50.0) <= 11 * MILLISECOND);
    // Of 6.7 % that waited up to 2 s, the best seventh lies beyond p99.
    let p99 = percentile(&waits, 99.0);
    assert!(p99 >= Duration::from_millis(1650), "{p99:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_hides_that_the_server_stood_still() {
    let begun = Instant::now();
    let waits = Arc::new(Mutex::new(histogram()));
    let noted = waits.clone();
    let visit = move |arrival: Arrival| {
        let waits = noted.clone();
        async move {
            stalling(begun).await;
            note(&waits, arrival.due);
        }
    };
    let users = Users {
        count: 1,
        duration: Duration::from_secs(30),
        ramp: Duration::ZERO,
    };
    closed(users, &CancellationToken::new(), visit).await;
    let waits = waits.lock().unwrap();
    assert!((2700..=2800).contains(&waits.len()), "{}", waits.len());
    assert!(percentile(&waits, 99.0) <= 11 * MILLISECOND);
    assert!(percentile(&waits, 100.0) >= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_known_distribution_comes_back_within_two_per_cent() {
    let waits = Arc::new(Mutex::new(histogram()));
    let noted = waits.clone();
    let visit = move |arrival: Arrival| {
        let waits = noted.clone();
        async move {
            // Every millisecond from 1 to 1000 equally often, in a jumbled order.
            let millis = u32::try_from(arrival.number * 7919 % 1000).unwrap() + 1;
            tokio::time::sleep(millis * MILLISECOND).await;
            note(&waits, arrival.due);
        }
    };
    let pace = Pace::new(
        500.0,
        Duration::from_secs(60),
        Duration::ZERO,
        Duration::ZERO,
    );
    open(pace.arrivals(1), 10_000, &CancellationToken::new(), visit).await;
    let waits = waits.lock().unwrap();
    for (percent, millis) in [(25.0, 250.0), (50.0, 500.0), (90.0, 900.0), (99.0, 990.0)] {
        let found = percentile(&waits, percent).as_secs_f64() * 1000.0;
        // Arrivals are not on the clock's whole milliseconds: up to two are added.
        assert!(
            (found - millis).abs() <= 0.02 * millis,
            "p{percent}: {found}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn visitors_beyond_the_limit_wait_outside_and_it_counts() {
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let waits = Arc::new(Mutex::new(histogram()));
    let (inside, peak, noted) = (now.clone(), most.clone(), waits.clone());
    let visit = move |arrival: Arrival| {
        let (inside, peak, waits) = (inside.clone(), peak.clone(), noted.clone());
        async move {
            peak.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            inside.fetch_sub(1, Relaxed);
            note(&waits, arrival.due);
        }
    };
    open(
        evenly(MILLISECOND, 100),
        10,
        &CancellationToken::new(),
        visit,
    )
    .await;
    assert_eq!((most.load(Relaxed), now.load(Relaxed)), (10, 0));
    assert!(percentile(&waits.lock().unwrap(), 100.0) > Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn being_told_to_stop_ends_both() {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        told.cancel();
    });
    let begun = Instant::now();
    let visit = |_| tokio::time::sleep(10 * MILLISECOND);
    open(evenly(10 * MILLISECOND, u32::MAX), 10, &stop, visit).await;
    let users = Users {
        count: 3,
        duration: Duration::from_secs(3600),
        ramp: Duration::ZERO,
    };
    closed(users, &stop, visit).await;
    assert!(begun.elapsed() < Duration::from_millis(1100));
}
