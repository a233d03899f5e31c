//! What one visitor has in mind: decided by the seed and the number of the
//! visit alone.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many of ten visits are made by somebody who has been here.
const RETURNING: f64 = 0.7;

/// How many of ten buyers use the forms; the others are clients of the JSON API.
const BY_FORM: f64 = 0.5;

/// How many of ten buy two kinds of socks.
const TWO_KINDS: f64 = 0.3;

/// How often a visitor stops to think.
const THOUGHTS: usize = 8;

/// A visit as it is meant to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Whether it is somebody who has been here.
    pub returns: bool,
    /// Whether they buy through the forms of the pages.
    pub by_form: bool,
    /// Which socks they take, each as a number from 0 to 1 into what is on show.
    pub socks: Vec<f64>,
    /// How long they think, each time.
    pub thoughts: [Duration; THOUGHTS],
}

impl Plan {
    /// The plan of visit `number`, in which people think for `think` on average.
    #[must_use]
    pub fn of(seed: u64, number: u64, think: Duration) -> Self {
        // Any odd constant keeps neighbouring visits apart; this is 2^64 over the golden ratio.
        let stream = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = StdRng::seed_from_u64(seed ^ stream);
        let kinds = 1 + usize::from(random.random_bool(TWO_KINDS));
        Self {
            returns: random.random_bool(RETURNING),
            by_form: random.random_bool(BY_FORM),
            socks: (0..kinds).map(|_| random.random()).collect(),
            thoughts: std::array::from_fn(|_| thought(random.random(), think)),
        }
    }

    /// The roll for the first sock.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.socks.first().copied().unwrap_or_default()
    }
}

/// Most think a little, some a lot, nobody for ever.
fn thought(roll: f64, mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - roll).ln()).min(mean * 5)
}

/// What `roll` chooses among `all`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a roll from 0 to 1 times a short length"
)]
pub fn pick<T>(all: &[T], roll: f64) -> Option<&T> {
    let index = (roll * all.len() as f64) as usize;
    all.get(index.min(all.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_same_seed_makes_the_same_plans() {
        let plans = |seed| -> Vec<_> { (0..50).map(|n| Plan::of(seed, n, SECOND)).collect() };
        assert_eq!(plans(4), plans(4));
        assert_ne!(plans(4), plans(5));
    }

    #[test]
    fn visits_differ_and_their_shares_are_as_decided() {
        let plans: Vec<_> = (0..10_000).map(|n| Plan::of(1, n, SECOND)).collect();
        let share = |fits: fn(&Plan) -> bool| plans.iter().filter(|plan| fits(plan)).count();
        assert!(share(|plan| plan.returns).abs_diff(7000) < 300);
        assert!(share(|plan| plan.by_form).abs_diff(5000) < 300);
        assert!(share(|plan| plan.socks.len() == 2).abs_diff(3000) < 300);
    }

    #[test]
    fn people_think_for_a_second_on_average_and_never_for_ever() {
        let plans = (0..1000).map(|n| Plan::of(1, n, SECOND));
        let thoughts: Vec<_> = plans.flat_map(|plan| plan.thoughts).collect();
        let sum: Duration = thoughts.iter().sum();
        assert!((0.93..1.05).contains(&(sum.as_secs_f64() / 8000.0)));
        assert!(thoughts.iter().all(|thought| *thought <= 5 * SECOND));
    }

    #[test]
    fn a_roll_picks_something_if_there_is_anything() {
        assert_eq!(pick(&[1, 2, 3], 0.0), Some(&1));
        assert_eq!(pick(&[1, 2, 3], 0.999), Some(&3));
        assert_eq!(pick(&[1, 2, 3], 1.0), Some(&3));
        assert_eq!(pick::<u8>(&[], 0.5), None);
    }
}
