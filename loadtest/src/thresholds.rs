//! Thresholds that fail a run when exceeded.

use std::time::Duration;

use chassis::settings::duration;

use crate::summary::Summary;

/// Thresholds; past one of them a run has failed.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Thresholds")]
pub struct Thresholds {
    /// Fail when more than this share of the requests failed, such as 0.1%.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub max_error_rate: Option<f64>,

    /// Fail when one request in a hundred took longer than this, such as 200ms.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_p99: Option<Duration>,
}

impl Thresholds {
    /// What was exceeded, in words; nothing when all is well. A run that asked
    /// nothing proves nothing, and fails.
    #[must_use]
    pub fn exceeded(&self, summary: &Summary) -> Vec<String> {
        let mut exceeded = Vec::new();
        if summary.requests == 0 {
            exceeded.push("no request was made".to_owned());
        }
        if let Some(most) = self.max_error_rate
            && summary.error_rate > most
        {
            exceeded.push(format!(
                "{:.3} % of the requests failed, more than {} %",
                summary.error_rate * 100.0,
                most * 100.0
            ));
        }
        if let Some(most) = self.max_p99
            && summary.latency.p99 > most.as_secs_f64() * 1000.0
        {
            exceeded.push(format!(
                "p99 is {:.1} ms, more than {most:?}",
                summary.latency.p99
            ));
        }
        exceeded
    }
}

/// Reads a share as people write it: `0.1%`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let number = number.ok().filter(|number| (0.0..=100.0).contains(number));
    let number = number.ok_or_else(|| format!("`{text}` is not a percentage such as 0.1%"))?;
    Ok(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Latency;

    fn summary(error_rate: f64, p99: f64) -> Summary {
        Summary {
            requests: 1,
            error_rate,
            latency: Latency {
                p99,
                ..Latency::default()
            },
            ..Summary::default()
        }
    }

    #[test]
    fn shares_are_read_as_percent() {
        assert_eq!(percent("0.1%"), Ok(0.001));
        assert_eq!(percent("5"), Ok(0.05));
        assert!(percent("101%").is_err() && percent("NaN").is_err() && percent("few").is_err());
    }

    #[test]
    fn only_what_lies_beyond_a_threshold_exceeds_it() {
        let thresholds = Thresholds {
            max_error_rate: Some(0.001),
            max_p99: Some(Duration::from_millis(200)),
        };
        assert!(thresholds.exceeded(&summary(0.001, 200.0)).is_empty());
        assert_eq!(thresholds.exceeded(&summary(0.0011, 200.1)).len(), 2);
        assert!(
            Thresholds::default()
                .exceeded(&summary(1.0, 1e6))
                .is_empty()
        );
    }

    #[test]
    fn a_run_without_requests_is_no_success() {
        assert_eq!(Thresholds::default().exceeded(&Summary::default()).len(), 1);
    }
}
