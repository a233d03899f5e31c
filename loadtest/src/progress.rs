//! A line that says how it goes, while it goes.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::recorder::{Figures, Recorder};

/// Update interval on a terminal (in place), and anywhere else.
const TERMINAL_INTERVAL: Duration = Duration::from_secs(1);
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Shows on standard error how `recorder` fills, for ever.
pub async fn show(recorder: Arc<Recorder>) {
    let terminal = std::io::stderr().is_terminal();
    let every = if terminal {
        TERMINAL_INTERVAL
    } else {
        LOG_INTERVAL
    };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await;
    let mut before = 0;
    loop {
        ticks.tick().await;
        let (requests, line) = recorder.read(|figures| {
            let requests = figures.all.requests;
            (
                requests,
                line(recorder.elapsed(), every, requests - before, figures),
            )
        });
        before = requests;
        let (start, end) = if terminal {
            ("\r\x1b[2K", "")
        } else {
            ("", "\n")
        };
        let mut out = std::io::stderr().lock();
        _ = write!(out, "{start}{line}{end}").and_then(|()| out.flush());
    }
}

/// Removes the line from a terminal.
pub fn clear() {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        _ = write!(out, "\r\x1b[2K").and_then(|()| out.flush());
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn line(elapsed: Duration, every: Duration, news: u64, figures: &Figures) -> String {
    let slot = figures.series.slots().last();
    let p99 = slot.map_or(0, |slot| slot.waits.value_at_percentile(99.0));
    format!(
        "{:>4} s  {:>7.1} requests/s  p99 {:>7.1} ms  {} failed  {} orders",
        elapsed.as_secs(),
        news as f64 / every.as_secs_f64(),
        p99 as f64 / 1000.0,
        figures.all.failed,
        figures.purchases.acknowledged,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_the_rate_since_the_last_one() {
        let line = line(
            Duration::from_secs(12),
            LOG_INTERVAL,
            250,
            &Figures::default(),
        );
        assert!(
            line.contains("  12 s") && line.contains(" 25.0 requests/s"),
            "{line}"
        );
    }
}
