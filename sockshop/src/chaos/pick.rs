//! Whom a storm hits, and how: decided by a seed, within what the shop must
//! be able to bear.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::service::Service;

/// Range of the time an instance stays paused, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 300..3000;

/// An instance as a storm sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Service of the instance.
    pub(crate) service: Service,
    /// Whether the instance serves requests.
    pub(crate) up: bool,
    /// Whether it may be hit at all.
    pub(crate) victim: bool,
}

/// What is done to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It ends without a warning.
    Kill,
    /// It is held still for so long.
    Pause(Duration),
    /// It is told to end, and starts again.
    Restart,
}

/// Seeded picker of victims and actions.
#[derive(Debug)]
pub(crate) struct Picker(StdRng);

impl Picker {
    /// Dice that always fall the same way for the same `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whom to hit now, and how; nobody when nobody can be spared.
    pub(crate) fn roll(&mut self, all: &[View]) -> Option<(usize, Act)> {
        // Rolled in any case, so that the state of the shop does not change later rolls.
        let (whom, how, pause) = (
            self.0.random::<f64>(),
            self.0.random_range(0..4u8),
            self.0.random_range(PAUSE_MS),
        );
        let act = match how {
            0 | 1 => Act::Kill,
            2 => Act::Pause(Duration::from_millis(pause)),
            _ => Act::Restart,
        };
        let spared = |index: &usize| all[*index].victim && can_be_spared(all, *index);
        let victims: Vec<_> = (0..all.len()).filter(spared).collect();
        let victim = loadtest::profile::plan::pick(&victims, whom);
        victim.map(|index| (*index, act))
    }
}

/// Whether an instance may go down: another of its service must stay up, and
/// of the services that have only one, all others.
fn can_be_spared(all: &[View], index: usize) -> bool {
    let peers = |service| all.iter().filter(move |one| one.service == service);
    let view = &all[index];
    if !view.up {
        return false;
    }
    if peers(view.service).count() > 1 {
        return peers(view.service).filter(|peer| peer.up).count() > 1;
    }
    let single = |one: &&View| peers(one.service).count() == 1;
    all.iter().filter(single).all(|one| one.up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(service: Service) -> View {
        View {
            service,
            up: true,
            victim: true,
        }
    }

    /// Two of orders and one each of payment and user.
    fn shop() -> Vec<View> {
        use Service::{Orders, Payment, User};
        [Orders, Orders, Payment, User].map(view).to_vec()
    }

    #[test]
    fn the_same_seed_is_the_same_storm() {
        let storm = |seed| {
            let mut dice = Picker::new(seed);
            let rolls = (0..50).map(|_| dice.roll(&shop()));
            rolls.collect::<Vec<_>>()
        };
        assert_eq!(storm(1), storm(1));
        assert_ne!(storm(1), storm(2));
    }

    #[test]
    fn a_storm_does_everything_to_everybody() {
        let mut dice = Picker::new(1);
        let rolls: Vec<_> = (0..200).filter_map(|_| dice.roll(&shop())).collect();
        assert_eq!(rolls.len(), 200);
        for index in 0..4 {
            assert!(rolls.iter().any(|(whom, _)| *whom == index));
        }
        let acts = |fits: fn(&Act) -> bool| rolls.iter().filter(|(_, act)| fits(act)).count();
        assert!(acts(|act| *act == Act::Kill) > 50 && acts(|act| *act == Act::Restart) > 20);
        assert!(acts(|act| matches!(act, Act::Pause(_))) > 20);
    }

    #[test]
    fn the_last_instance_of_a_scaled_service_stays_up() {
        let mut shop = shop();
        shop[0].up = false;
        assert!(!can_be_spared(&shop, 0) && !can_be_spared(&shop, 1));
        assert!(
            can_be_spared(&shop, 2),
            "payment has nothing to do with that"
        );
    }

    #[test]
    fn of_services_with_one_instance_one_goes_down_at_a_time() {
        let mut shop = shop();
        shop[2].up = false;
        assert!(!can_be_spared(&shop, 3));
        assert!(can_be_spared(&shop, 0));
    }

    #[test]
    fn who_is_not_meant_is_not_hit() {
        let mut shop = shop();
        for index in [0, 1, 3] {
            shop[index].victim = false;
        }
        let mut dice = Picker::new(1);
        assert!((0..50).all(|_| dice.roll(&shop).is_some_and(|(whom, _)| whom == 2)));
        shop[2].up = false;
        assert_eq!(dice.roll(&shop), None);
    }
}
