//! What an audit comes to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::group::Read;
use super::recheck::Rechecks;
use super::violation::{Rule, Violation};

/// Listed for people, at most.
const LISTED: usize = 100;

/// Result of one audit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether every promise is kept.
    pub ok: bool,
    /// How much was read.
    #[serde(flatten)]
    pub read: Read,
    /// Orders that are pending, and may be for a while yet.
    pub open: u64,
    /// How many times each promise is broken.
    pub counts: BTreeMap<&'static str, u64>,
    /// Violations found, up to a limit.
    pub faults: Vec<Violation>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// Sums an audit up.
    #[must_use]
    pub fn of(read: Read, rechecks: Rechecks, took: Duration) -> Self {
        let beyond = rechecks.beyond.clone();
        let (faults, open) = rechecks.into_faults();
        let mut counts: BTreeMap<_, _> = Rule::ALL.map(|rule| (rule.name(), 0)).into();
        for violation in &faults {
            *counts.entry(violation.rule.name()).or_default() += 1;
        }
        for (rule, count) in beyond {
            *counts.entry(rule.name()).or_default() += count;
        }
        Self {
            ok: counts.values().all(|count| *count == 0),
            read,
            open,
            counts,
            faults,
            seconds: took.as_secs_f64(),
        }
    }

    /// How many promises are broken.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The audit for people.
    #[must_use]
    pub fn table(&self) -> String {
        let read = &self.read;
        let mut text = format!(
            "{} acknowledged orders, {} orders, {} payments, {} shipments, read in {:.1} s\n\n",
            read.acknowledged, read.orders, read.payments, read.shipments, self.seconds
        );
        for (name, count) in &self.counts {
            _ = writeln!(text, "{count:>8}  {name}");
        }
        _ = writeln!(text, "{:>8}  (still pending, in time)", self.open);
        _ = writeln!(
            text,
            "{:>8}  (shipments parked as stuck)\n",
            read.stuck_shipments
        );
        for violation in self.faults.iter().take(LISTED) {
            let Violation {
                rule,
                order_id,
                facts,
            } = violation;
            _ = writeln!(text, "{:<20}{order_id}  {facts}", rule.name());
        }
        if self.faults.len() > LISTED {
            _ = writeln!(
                text,
                "and {} more: --json lists them",
                self.faults.len() - LISTED
            );
        }
        if self.ok {
            text.push_str("Every acknowledged order exists once, is paid once for its exact total, and has one shipment.\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_without_faults_says_what_it_proves() {
        let rechecks = Rechecks::new(Duration::ZERO);
        let report = Report::of(Read::default(), rechecks, Duration::from_secs(1));
        assert!(report.ok && report.table().contains("exists once"));
    }

    #[test]
    fn faults_are_counted_and_listed() {
        let mut rechecks = Rechecks::new(Duration::ZERO);
        let violation = Violation {
            rule: Rule::Lost,
            order_id: "o".to_owned(),
            facts: "gone".to_owned(),
        };
        for _ in 0..10_001 {
            rechecks.add_duplicates(Vec::new(), violation.clone());
        }
        let report = Report::of(Read::default(), rechecks, Duration::from_secs(1));
        assert_eq!((report.ok, report.broken()), (false, 10_001));
        assert_eq!(report.faults.len(), 10_000, "bounded");
        let table = report.table();
        assert!(
            table.contains("   10001  lost") && table.contains("and 9900 more"),
            "{table}"
        );
        assert!(!table.contains("exists once"));
    }
}
