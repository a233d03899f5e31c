//! Flags, and a file, that say how a rollout is to go.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use chassis::settings::duration;
use serde::Deserialize;

use crate::judge::Thresholds;
use crate::plan::{Plan, Strategy};

/// What of the usual way is to be different. Flags win over the file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// A TOML file with `steps`, `window`, `limit`, `ready` and `[thresholds]`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Shares of the new version, in percent, the last one 100.
    #[arg(long, value_delimiter = ',', value_name = "PERCENT")]
    pub steps: Option<Vec<u8>>,

    /// How long each step is watched at least [default: 30s].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub window: Option<Duration>,

    /// How long a step may wait for enough requests [default: 5m].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub limit: Option<Duration>,

    /// How long the new version may take to get ready [default: 1m].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ready: Option<Duration>,

    /// Requests the new version must answer before it can be good [default: 50].
    #[arg(long, value_name = "N")]
    pub requests: Option<u64>,

    /// Do not look at orders: judge by errors, times and memory alone.
    #[arg(long)]
    pub no_business_check: bool,
}

/// Contents of the file given by `--config`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    steps: Option<Vec<u8>>,
    window: Option<String>,
    limit: Option<String>,
    ready: Option<String>,
    thresholds: Thresholds,
}

impl Options {
    /// The plan these options make of the usual one.
    pub fn plan(&self, strategy: Strategy) -> anyhow::Result<Plan> {
        let mut plan = Plan::usual(strategy);
        if let Some(path) = &self.config {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            read(&text, &mut plan).with_context(|| format!("{}", path.display()))?;
        }
        if let Some(steps) = &self.steps {
            plan.steps.clone_from(steps);
        }
        plan.window = self.window.unwrap_or(plan.window);
        plan.limit = self.limit.unwrap_or(plan.limit).max(plan.window);
        plan.ready = self.ready.unwrap_or(plan.ready);
        plan.thresholds.requests = self.requests.unwrap_or(plan.thresholds.requests);
        plan.thresholds.business &= !self.no_business_check;
        plan.check()?;
        Ok(plan)
    }
}

fn read(text: &str, plan: &mut Plan) -> anyhow::Result<()> {
    let config: Config = toml::from_str(text)?;
    if let Some(steps) = config.steps {
        plan.steps = steps;
    }
    for (given, place) in [
        (config.window, &mut plan.window),
        (config.limit, &mut plan.limit),
        (config.ready, &mut plan.ready),
    ] {
        if let Some(text) = given {
            *place = duration(&text).map_err(anyhow::Error::msg)?;
        }
    }
    plan.thresholds = config.thresholds;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_what_is_usual() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "steps = [10, 100]\nwindow = \"5s\"\n[thresholds]\nerrors = 0.05\n";
        std::fs::write(file.path(), text).unwrap();
        let options = Options {
            config: Some(file.path().to_owned()),
            window: Some(Duration::from_secs(2)),
            ..Options::default()
        };
        let plan = options.plan(Strategy::Canary).unwrap();
        assert_eq!(
            (plan.steps, plan.window),
            (vec![10, 100], Duration::from_secs(2))
        );
        assert!((plan.thresholds.errors - 0.05).abs() < 1e-9);
        assert_eq!(plan.thresholds.requests, Thresholds::default().requests);
    }

    #[test]
    fn what_the_file_says_wrong_is_told() {
        let mut plan = Plan::usual(Strategy::Canary);
        assert!(read("stepz = [1]", &mut plan).is_err());
        assert!(read("window = \"soon\"", &mut plan).is_err());
    }
}
