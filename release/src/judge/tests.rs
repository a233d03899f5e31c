//! The judge on made-up evidence, and on hundreds of rollouts of a simulated shop.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Upper bounds of the simulated histogram, in microseconds.
const BOUNDS: [u64; 8] = [
    5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
];

/// How a simulated version behaves.
#[derive(Clone, Copy)]
struct Manner {
    /// Share of requests that fail.
    errors: f64,
    /// Added to every answer, in microseconds.
    delay: u64,
}

const GOOD: Manner = Manner {
    errors: 0.001,
    delay: 0,
};

/// `requests` of a version of this `manner`. Latencies have a long tail, as real ones do.
fn sample(manner: Manner, requests: u64, dice: &mut StdRng) -> Sample {
    let mut sample = Sample {
        requests,
        memory: 8 << 20,
        within: BOUNDS.map(|bound| (bound, 0)).into(),
        ..Sample::default()
    };
    for _ in 0..requests {
        let tail = dice.random::<f64>().max(1e-9).powf(-0.7) * 3_000.0;
        let took = manner.delay + whole(tail);
        for (_, count) in sample.within.range_mut(took..) {
            *count += 1;
        }
        sample.errors += u64::from(dice.random::<f64>() < manner.errors);
    }
    sample
}

/// Looks of the judge at one rollout to a version of this `manner`: four
/// steps, four looks at each, as the engine does it. `None` when it went well,
/// or the share of all requests that met the new version until it was stopped.
fn rollout(manner: Manner, dice: &mut StdRng) -> Option<f64> {
    let (mut met, mut all) = (0, 0);
    for percent in [5, 25, 50, 100] {
        let mut evidence = Evidence::default();
        for _ in 0..4 {
            let (new, old) = (10 * percent, 10 * (100 - percent));
            evidence.new += sample(manner, new, dice);
            evidence.old += sample(GOOD, old, dice);
            met += new;
            all += new + old;
            if let Verdict::Bad { .. } = judge(&evidence, &Thresholds::default()) {
                return Some(ratio(met, all));
            }
        }
    }
    None
}

fn seed() -> u64 {
    let seed = std::env::var("RELEASE_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(2026);
    println!("RELEASE_SEED={seed}");
    seed
}

#[test]
fn a_good_version_is_hardly_ever_stopped() {
    let mut dice = StdRng::seed_from_u64(seed());
    let stopped = (0..300).filter(|_| rollout(GOOD, &mut dice).is_some());
    let stopped = stopped.count();
    println!("good against good: {stopped} of 300 rollouts stopped");
    assert!(stopped <= 6, "{stopped} of 300");
}

#[test]
fn a_bad_version_is_always_stopped_and_few_meet_it() {
    let errors = Manner {
        errors: 0.2,
        ..GOOD
    };
    let slow = Manner {
        delay: 300_000,
        ..GOOD
    };
    let mut dice = StdRng::seed_from_u64(seed());
    for (name, manner) in [("errors", errors), ("slow", slow)] {
        let met: Vec<f64> = (0..50).filter_map(|_| rollout(manner, &mut dice)).collect();
        let most = met.iter().copied().fold(0.0, f64::max);
        println!(
            "{name}: {} of 50 stopped, at most {most:.3} met it",
            met.len()
        );
        assert_eq!(met.len(), 50);
        assert!(most < 0.11, "{most}");
    }
}

#[test]
fn too_little_is_no_verdict() {
    let mut dice = StdRng::seed_from_u64(1);
    let evidence = Evidence {
        old: sample(GOOD, 400, &mut dice),
        new: sample(GOOD, 20, &mut dice),
        ..Evidence::default()
    };
    let wait = Verdict::Wait { missing: 30 };
    assert_eq!(judge(&evidence, &Thresholds::default()), wait);
}

#[test]
fn one_unlucky_request_is_not_enough() {
    let mut dice = StdRng::seed_from_u64(1);
    let mut evidence = Evidence {
        old: sample(
            Manner {
                errors: 0.0,
                ..GOOD
            },
            400,
            &mut dice,
        ),
        new: sample(
            Manner {
                errors: 0.0,
                ..GOOD
            },
            60,
            &mut dice,
        ),
        ..Evidence::default()
    };
    evidence.new.errors = 1;
    assert_eq!(judge(&evidence, &Thresholds::default()), Verdict::Good);
    evidence.new.errors = 30;
    let bad = judge(&evidence, &Thresholds::default());
    let Verdict::Bad { reasons } = bad else {
        panic!("{bad:?}");
    };
    assert_eq!(
        reasons,
        ["50.0 % (30 of 60) failed, against 0.0 % (0 of 400) of the old version"]
    );
}

#[test]
fn what_looks_bad_is_not_good_before_more_is_seen() {
    let mut dice = StdRng::seed_from_u64(1);
    let manner = Manner {
        errors: 0.0,
        ..GOOD
    };
    let mut evidence = Evidence {
        old: sample(manner, 37, &mut dice),
        new: sample(manner, 109, &mut dice),
        ..Evidence::default()
    };
    assert_eq!(judge(&evidence, &Thresholds::default()), Verdict::Good);
    evidence.new.errors = 26;
    let wait = Verdict::Wait { missing: 109 };
    assert_eq!(judge(&evidence, &Thresholds::default()), wait);
    evidence.old.requests = 60;
    let bad = judge(&evidence, &Thresholds::default());
    assert!(matches!(bad, Verdict::Bad { .. }), "{bad:?}");
}

#[test]
fn slower_is_bad_where_somebody_would_notice() {
    // As it was once: a shop at rest, and the new version got most of the orders.
    let within = |counts: [u64; 8]| Sample {
        requests: 55,
        within: BOUNDS.into_iter().zip(counts).collect(),
        ..Sample::default()
    };
    let mut evidence = Evidence {
        old: within([55; 8]),
        new: within([32, 36, 54, 55, 55, 55, 55, 55]),
        ..Evidence::default()
    };
    assert_eq!(judge(&evidence, &Thresholds::default()), Verdict::Good);
    evidence.new = within([32, 32, 32, 32, 54, 55, 55, 55]);
    let Verdict::Bad { reasons } = judge(&evidence, &Thresholds::default()) else {
        panic!("nobody notices");
    };
    let said =
        "41.8 % (23 of 55) took longer than 50 ms, against 0.0 % (0 of 55) of the old version";
    assert_eq!(reasons, [said]);
}

#[test]
fn wrong_orders_are_bad_unless_nobody_looks() {
    let mut dice = StdRng::seed_from_u64(1);
    let evidence = Evidence {
        old: sample(GOOD, 400, &mut dice),
        new: sample(GOOD, 60, &mut dice),
        wrong_orders: vec!["items 12.00, total 99.99".into()],
        ..Evidence::default()
    };
    let look = Thresholds::default();
    assert!(matches!(judge(&evidence, &look), Verdict::Bad { .. }));
    let blind = Thresholds {
        business: false,
        ..look
    };
    assert_eq!(judge(&evidence, &blind), Verdict::Good);
}

#[test]
fn a_leak_and_a_crash_are_bad() {
    let mut dice = StdRng::seed_from_u64(1);
    let mut evidence = Evidence {
        old: sample(GOOD, 400, &mut dice),
        new: sample(GOOD, 60, &mut dice),
        ..Evidence::default()
    };
    evidence.new.memory = 20 << 20;
    assert_eq!(judge(&evidence, &Thresholds::default()), Verdict::Good);
    evidence.new.memory = 64 << 20;
    let bad = judge(&evidence, &Thresholds::default());
    assert!(matches!(bad, Verdict::Bad { .. }), "{bad:?}");
    evidence.new.memory = 8 << 20;
    evidence.crashes = 1;
    let bad = judge(&evidence, &Thresholds::default());
    assert!(matches!(bad, Verdict::Bad { .. }), "{bad:?}");
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "microseconds of a simulation"
)]
fn whole(micros: f64) -> u64 {
    micros as u64
}

#[expect(clippy::cast_precision_loss, reason = "counts of a simulation")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
