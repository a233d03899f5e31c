//! The judge: is the new version as good as the old one, by what both did in
//! the same minutes? Pure: numbers in, a verdict out.
//!
//! A share of requests that is worse by a margin *and* that chance does not
//! explain (Fisher's exact test, one-sided) is bad. So a few unlucky requests
//! abort nothing, and neither does a real but tiny difference.

use serde::{Deserialize, Serialize};
use statrs::stats_tests::{Alternative, fishers_exact};

use crate::sample::Sample;

/// When a version is too bad.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Requests the new version must have answered before it can be good.
    pub requests: u64,
    /// How much larger its share of errors may be, 0 to 1.
    pub errors: f64,
    /// How much larger its share of slow requests may be, 0 to 1. Slow is
    /// slower than 95 of 100 requests of the old version ..
    pub slow: f64,
    /// .. and than this, in microseconds: who waits for less does not notice,
    /// and the two versions are never asked for quite the same.
    pub slow_floor: u64,
    /// How many times the old version's memory it may take ..
    pub memory: f64,
    /// .. and how much more than that, in bytes, before it matters.
    pub memory_floor: u64,
    /// How unlikely chance must be as an explanation.
    pub chance: f64,
    /// Whether wrong orders count.
    pub business: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            requests: 50,
            errors: 0.01,
            slow: 0.10,
            slow_floor: 50_000,
            memory: 2.0,
            memory_floor: 32 << 20,
            chance: 1e-4,
            business: true,
        }
    }
}

/// Below this chance a difference is not called good.
const P_DOUBT: f64 = 0.01;

/// What the judge is shown: one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Sample of the old version.
    pub old: Sample,
    /// Sample of the new version.
    pub new: Sample,
    /// Times an instance of the new version ended by itself.
    pub crashes: u64,
    /// Orders placed in the meantime that break a rule of the auditor, in its words.
    pub wrong_orders: Vec<String>,
}

/// What the judge says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Too little was seen to call it good, or to call what looks bad bad.
    Wait {
        /// Requests still missing: when in doubt, as many again.
        missing: u64,
    },
    /// As good as the old version.
    Good,
    /// Worse than the old version.
    Bad {
        /// Why, in plain words with the numbers.
        reasons: Vec<String>,
    },
}

/// Judges the new version by `evidence`.
#[must_use]
pub fn judge(evidence: &Evidence, thresholds: &Thresholds) -> Verdict {
    let reasons: Vec<String> = [
        crashed(evidence),
        wrong(evidence, thresholds),
        errors_regressed(evidence, thresholds),
        slow(evidence, thresholds),
        memory_regressed(evidence, thresholds),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !reasons.is_empty() {
        return Verdict::Bad { reasons };
    }
    match thresholds.requests.saturating_sub(evidence.new.requests) {
        0 if inconclusive(evidence, thresholds) => Verdict::Wait {
            missing: evidence.new.requests,
        },
        0 => Verdict::Good,
        missing => Verdict::Wait { missing },
    }
}

fn crashed(evidence: &Evidence) -> Option<String> {
    let times = evidence.crashes;
    (times > 0).then(|| format!("the new version ended by itself {times} times"))
}

fn wrong(evidence: &Evidence, thresholds: &Thresholds) -> Option<String> {
    let first = evidence
        .wrong_orders
        .first()
        .filter(|_| thresholds.business)?;
    let count = evidence.wrong_orders.len();
    Some(format!("{count} orders are wrong, such as: {first}"))
}

/// Whether it looks worse, and chance is an unlikely explanation but not unlikely
/// enough to call it bad: more requests will tell.
fn inconclusive(evidence: &Evidence, thresholds: &Thresholds) -> bool {
    let thresholds = Thresholds {
        chance: thresholds.chance.max(P_DOUBT),
        ..*thresholds
    };
    errors_regressed(evidence, &thresholds).is_some() || slow(evidence, &thresholds).is_some()
}

fn errors_regressed(evidence: &Evidence, thresholds: &Thresholds) -> Option<String> {
    let share = |sample: &Sample| Share::of(sample.errors, sample.requests);
    let (old, new) = (share(&evidence.old), share(&evidence.new));
    new.worse_than(&old, thresholds.errors, thresholds.chance)
        .then(|| format!("{new} failed, against {old} of the old version"))
}

fn slow(evidence: &Evidence, thresholds: &Thresholds) -> Option<String> {
    let usual = evidence.old.quantile(0.95)?;
    let bound = evidence.old.bound(usual.max(thresholds.slow_floor))?;
    let share = |sample: &Sample| Share::of(sample.slower_than(bound), sample.requests);
    let (old, new) = (share(&evidence.old), share(&evidence.new));
    new.worse_than(&old, thresholds.slow, thresholds.chance)
        .then(|| {
            let bound = bound / 1000;
            format!("{new} took longer than {bound} ms, against {old} of the old version")
        })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory in bytes is exact enough in a float"
)]
fn memory_regressed(evidence: &Evidence, thresholds: &Thresholds) -> Option<String> {
    let (old, new) = (evidence.old.memory, evidence.new.memory);
    let much = new as f64 > old as f64 * thresholds.memory && new > old + thresholds.memory_floor;
    (much && old > 0).then(|| {
        let [old, new] = [old, new].map(|bytes| bytes >> 20);
        format!("an instance takes {new} MiB of memory, one of the old version {old} MiB")
    })
}

/// So many of so many.
struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    fn of(part: u64, whole: u64) -> Self {
        Self {
            part: part.min(whole),
            whole,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests are exact in a float"
    )]
    fn ratio(&self) -> f64 {
        if self.whole == 0 {
            0.0
        } else {
            self.part as f64 / self.whole as f64
        }
    }

    /// Whether this share is larger than `other`'s by more than `margin`, and
    /// chance explains that with a probability of less than `chance`.
    fn worse_than(&self, other: &Self, margin: f64, chance: f64) -> bool {
        if self.ratio() <= other.ratio() + margin || other.whole == 0 {
            return false;
        }
        let table = [
            self.part,
            self.whole - self.part,
            other.part,
            other.whole - other.part,
        ];
        fishers_exact(&table, Alternative::Greater).is_ok_and(|explained| explained < chance)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.ratio() * 100.0;
        let Self { part, whole } = self;
        write!(formatter, "{percent:.1} % ({part} of {whole})")
    }
}

#[cfg(test)]
mod tests;
