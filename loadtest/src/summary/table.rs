//! The summary as people read it.

use std::fmt::Write;

use super::{Latency, Summary};

impl Summary {
    /// The summary as a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<18}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}\n",
            "REQUEST", "COUNT", "FAILED", "P50 ms", "P90 ms", "P99 ms", "MAX ms"
        );
        let all = ("all", self.requests, self.failed, &self.latency);
        let steps = self.steps.iter();
        let steps = steps.map(|step| (step.name, step.requests, step.failed, &step.latency));
        for (
            name,
            requests,
            failed,
            Latency {
                p50, p90, p99, max, ..
            },
        ) in steps.chain([all])
        {
            _ = writeln!(
                text,
                "{name:<18}{requests:>9}{failed:>8}{p50:>10.1}{p90:>10.1}{p99:>10.1}{max:>10.1}"
            );
        }
        text + &self.sums()
    }

    fn sums(&self) -> String {
        let outcomes = self
            .outcomes
            .iter()
            .map(|(name, count)| format!("{count} x {name}"));
        let outcomes: Vec<_> = outcomes.collect();
        format!(
            "\n{:.1} requests/s for {:.1} s by {} visitors (profile {}, seed {})\n\
             {:.3} % failed, availability {:.3} %: {}\n\
             orders: {} acknowledged, {} refused, {} without an answer\n",
            self.requests_per_second,
            self.seconds,
            self.visitors,
            self.profile,
            self.seed,
            self.error_rate * 100.0,
            self.availability * 100.0,
            outcomes.join(", "),
            self.orders.acknowledged,
            self.orders.refused,
            self.orders.unknown,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Kind;

    #[test]
    fn the_table_names_every_step_and_all() {
        let kind = Kind {
            name: "checkout",
            requests: 3,
            failed: 1,
            latency: Latency::default(),
        };
        let summary = Summary {
            steps: vec![kind],
            requests: 3,
            ..Summary::default()
        };
        let table = summary.table();
        assert!(
            table.contains("\ncheckout") && table.contains("\nall"),
            "{table}"
        );
    }
}
