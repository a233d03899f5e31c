//! The flags of a load test.

use std::path::PathBuf;
use std::time::Duration;

use chassis::settings::duration;

use crate::profile::Profile;
use crate::thresholds::Thresholds;

/// What is to be done to the shop.
#[derive(Clone, Debug, clap::Args)]
pub struct Load {
    /// Behaviour profile of the visitors
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,

    /// Visitors that arrive each second, whether or not the shop keeps up. 5 when neither this nor --users is given.
    #[arg(long, value_name = "PER SECOND", conflicts_with = "users", value_parser = rate)]
    pub rate: Option<f64>,

    /// Users instead, who each make one visit after the other: a slow shop is asked less.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub users: Option<u32>,

    /// How long visitors arrive; visits that have begun are finished.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub duration: Duration,

    /// Begin with nobody, and reach the full rate or number within this.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub ramp_up: Duration,

    /// Let the rate fall to nothing within this, at the end.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration, conflicts_with = "users")]
    pub ramp_down: Duration,

    /// End as soon as this many orders are acknowledged.
    #[arg(long, value_name = "N")]
    pub orders: Option<u64>,

    /// Decides when visitors arrive and what they do.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// How long shoppers think before they click, on average.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub think: Duration,

    /// How long a visitor waits for an answer.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub timeout: Duration,

    /// Visitors in the shop at once, at most; others queue, and their waiting counts.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    pub most_at_once: u32,

    /// Add every acknowledged order to this file before it counts.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Write a report with charts to this file.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,

    /// When a run has failed.
    #[command(flatten)]
    pub thresholds: Thresholds,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    let rate = rate.filter(|rate| (0.001..=100_000.0).contains(rate));
    rate.ok_or_else(|| "it must be a number from 0.001 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        options: Load,
    }

    #[test]
    fn flags_are_consistent() {
        <Command as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_run_is_open_or_closed_and_not_both() {
        let read = |flags: &[&str]| Command::try_parse_from([&["load"], flags].concat());
        let options = read(&["--rate", "2.5", "--max-error-rate", "0.1%"])
            .unwrap()
            .options;
        assert_eq!((options.rate, options.users), (Some(2.5), None));
        assert!(read(&["--rate", "1", "--users", "1"]).is_err());
        assert!(read(&["--rate", "NaN"]).is_err() && read(&["--users", "0"]).is_err());
    }
}
