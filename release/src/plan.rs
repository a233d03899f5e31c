//! How a rollout is to go: decided before it begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::judge::Thresholds;

/// Release strategy: how traffic moves to a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// All requests at once, and back at once.
    BlueGreen,
    /// A few requests first, then more.
    Canary,
}

impl Strategy {
    /// Its name, as people type it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
        }
    }
}

/// Steps, windows and thresholds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Strategy of the rollout.
    pub strategy: Strategy,
    /// Shares of the new version, in percent; the last is 100.
    pub steps: Vec<u8>,
    /// How long each step is watched at least.
    pub window: Duration,
    /// How long a step may wait for enough requests.
    pub limit: Duration,
    /// How long the new version may take to get ready.
    pub ready: Duration,
    /// How long names are remembered: nobody is called by old shares after that.
    pub settle: Duration,
    /// When the new version is too bad.
    pub thresholds: Thresholds,
}

/// Looks in a window.
const LOOKS: u32 = 10;

impl Plan {
    /// The usual way of this strategy.
    #[must_use]
    pub fn usual(strategy: Strategy) -> Self {
        Self {
            strategy,
            steps: match strategy {
                Strategy::BlueGreen => vec![100],
                Strategy::Canary => vec![5, 25, 50, 100],
            },
            window: Duration::from_secs(30),
            limit: Duration::from_secs(300),
            ready: Duration::from_secs(60),
            settle: Duration::from_millis(2500),
            thresholds: Thresholds::default(),
        }
    }

    /// Time between two looks.
    #[must_use]
    pub fn look(&self) -> Duration {
        let look = self.window / LOOKS;
        look.clamp(Duration::from_millis(250), Duration::from_secs(5))
    }

    /// Fails, and says why, when this cannot be gone through.
    pub fn check(&self) -> anyhow::Result<()> {
        let rising = self.steps.windows(2).all(|pair| pair[0] < pair[1]);
        let sensible = self.steps.first().is_some_and(|first| *first > 0);
        anyhow::ensure!(
            rising && sensible && self.steps.last() == Some(&100),
            "steps must rise from above 0 to 100 percent, such as 5,25,50,100"
        );
        anyhow::ensure!(
            self.limit >= self.window,
            "the limit of a step must not be shorter than its window"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_to_all() {
        let with = |steps: &[u8]| Plan {
            steps: steps.to_vec(),
            ..Plan::usual(Strategy::Canary)
        };
        for good in [&[100][..], &[5, 25, 50, 100], &[1, 100]] {
            with(good).check().unwrap();
        }
        for bad in [&[][..], &[0, 100], &[5, 25], &[50, 25, 100], &[5, 5, 100]] {
            assert!(with(bad).check().is_err(), "{bad:?}");
        }
    }
}
