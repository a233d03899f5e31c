//! When visitors arrive: decided before the first one does, by a seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many visitors a second, from the first to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    stages: Vec<Stage>,
}

/// A stretch in which the rate changes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stage {
    seconds: f64,
    from: f64,
    to: f64,
}

impl Pace {
    /// `rate` visitors a second for `duration`, rising from none within `up` at
    /// its beginning and falling to none within `down` at its end.
    #[must_use]
    pub fn new(rate: f64, duration: Duration, up: Duration, down: Duration) -> Self {
        let up = up.min(duration);
        let rest = duration.saturating_sub(up);
        let down = down.min(rest);
        let stage = |length: Duration, from, to| Stage {
            seconds: length.as_secs_f64(),
            from,
            to,
        };
        let stages = [
            stage(up, 0.0, rate),
            stage(rest.saturating_sub(down), rate, rate),
            stage(down, rate, 0.0),
        ];
        let stages = stages.into_iter().filter(|stage| stage.seconds > 0.0);
        Self {
            stages: stages.collect(),
        }
    }

    /// When each visitor arrives, counted from the start: independently of each
    /// other, as strangers do (a Poisson process).
    pub fn arrivals(&self, seed: u64) -> impl Iterator<Item = Duration> + Send + use<> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut expected = 0.0;
        let pace = self.clone();
        std::iter::from_fn(move || {
            expected -= (1.0 - random.random::<f64>()).ln();
            pace.when(expected)
        })
    }

    /// When this many visitors are to be expected; never, when that is too many.
    fn when(&self, mut visitors: f64) -> Option<Duration> {
        let mut begin = 0.0;
        for stage in &self.stages {
            let all = f64::midpoint(stage.from, stage.to) * stage.seconds;
            if visitors < all {
                let at = begin + stage.reach(visitors);
                return Some(Duration::from_secs_f64(at));
            }
            visitors -= all;
            begin += stage.seconds;
        }
        None
    }
}

impl Stage {
    /// How many seconds into the stage so many visitors are to be expected: the
    /// root of `from * t + slope * t² / 2 = visitors`.
    fn reach(&self, visitors: f64) -> f64 {
        let slope = (self.to - self.from) / self.seconds;
        let speed = (self.from * self.from + 2.0 * slope * visitors).max(0.0);
        let seconds = 2.0 * visitors / (self.from + speed.sqrt());
        seconds.clamp(0.0, self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const NONE: Duration = Duration::ZERO;

    fn within(arrivals: &[Duration], from: u64, to: u64) -> usize {
        let window = Duration::from_secs(from)..Duration::from_secs(to);
        arrivals.iter().filter(|at| window.contains(*at)).count()
    }

    #[test]
    fn the_same_seed_brings_the_same_visitors() {
        let pace = Pace::new(50.0, MINUTE, Duration::from_secs(5), NONE);
        let plan = |seed| pace.arrivals(seed).collect::<Vec<_>>();
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn as_many_come_as_were_asked_for_and_in_order() {
        let pace = Pace::new(100.0, MINUTE, NONE, NONE);
        let arrivals: Vec<_> = pace.arrivals(1).collect();
        assert!(arrivals.is_sorted() && arrivals.iter().all(|at| *at < MINUTE));
        // Six standard deviations of a Poisson count of 6000.
        assert!(arrivals.len().abs_diff(6000) < 465, "{}", arrivals.len());
    }

    #[test]
    fn ramps_begin_and_end_with_nobody() {
        let ramp = Duration::from_secs(20);
        let pace = Pace::new(300.0, MINUTE, ramp, ramp);
        let arrivals: Vec<_> = pace.arrivals(2).collect();
        let rising = [within(&arrivals, 0, 10), within(&arrivals, 10, 20)];
        let falling = [within(&arrivals, 40, 50), within(&arrivals, 50, 60)];
        // A quarter of a ramp's visitors come in its emptier half.
        for [few, many] in [rising, [falling[1], falling[0]]] {
            assert!(few.abs_diff(750) < 165 && many.abs_diff(2250) < 285);
        }
        assert!(within(&arrivals, 20, 40).abs_diff(6000) < 465);
    }

    #[test]
    fn a_ramp_longer_than_the_run_is_cut() {
        let pace = Pace::new(100.0, MINUTE, 2 * MINUTE, MINUTE);
        assert!(pace.arrivals(3).all(|at| at < MINUTE));
        assert!(
            Pace::new(0.0, MINUTE, NONE, NONE)
                .arrivals(3)
                .next()
                .is_none()
        );
    }
}
