//! Audit results of the durability suite.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Shop;

/// What the auditor found.
pub(crate) struct Audit {
    /// Orders in the journal.
    pub(crate) acknowledged: u64,
    counts: Vec<(String, u64)>,
    ok: bool,
}

impl Audit {
    /// Audits, also when that finds something. The report stays in `artefacts`.
    pub(crate) fn of(shop: &Shop<'_>, artefacts: &Path) -> anyhow::Result<Self> {
        let mut audit = shop.command(&["audit", "--json"]);
        audit.arg("--journal").arg(artefacts.join("journal.jsonl"));
        let output = audit.stderr(Stdio::inherit()).output()?;
        std::fs::write(artefacts.join("audit.json"), &output.stdout)?;
        let report = serde_json::from_slice(&output.stdout);
        Self::read(&report.context("the audit came to no end")?)
    }

    fn read(report: &Value) -> anyhow::Result<Self> {
        let counts = report["counts"].as_object().context("no counts")?;
        let number = |value: &Value| value.as_u64().context("a figure is missing");
        let counts = counts
            .iter()
            .map(|(rule, count)| Ok((rule.clone(), number(count)?)));
        Ok(Self {
            acknowledged: number(&report["acknowledged"])?,
            counts: counts.collect::<anyhow::Result<_>>()?,
            ok: report["ok"] == true,
        })
    }

    /// Prints how often each rule is broken.
    pub(crate) fn print(&self) {
        for (rule, count) in &self.counts {
            println!("{rule:<22}{count}");
        }
    }

    /// The rules that are broken, and how often: `lost 2, paid twice 1`.
    pub(crate) fn broken(&self) -> String {
        let broken = self.counts.iter().filter(|(_, count)| *count > 0);
        let broken = broken.map(|(rule, count)| format!("{rule} {count}"));
        broken.collect::<Vec<_>>().join(", ")
    }

    /// Fails when any is.
    pub(crate) fn must_be_clean(&self) -> anyhow::Result<()> {
        let broken = self.broken();
        let told = "promises were broken: see audit.json in artefacts/durability";
        ensure!(self.ok && broken.is_empty(), "{told}: {broken}");
        Ok(())
    }

    /// Fails when none is.
    pub(crate) fn must_be_broken(&self) -> anyhow::Result<String> {
        ensure!(!self.ok, "the audit found nothing wrong");
        Ok(self.broken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn audit(lost: u64) -> Audit {
        let counts = json!({"lost": lost, "doubled": 0});
        Audit::read(&json!({"acknowledged": 3, "counts": counts, "ok": lost == 0})).unwrap()
    }

    #[test]
    fn one_broken_promise_is_too_many_and_a_mutant_must_break_one() {
        assert!(audit(0).must_be_clean().is_ok() && audit(0).must_be_broken().is_err());
        assert!(audit(2).must_be_clean().is_err());
        assert_eq!(audit(2).must_be_broken().unwrap(), "lost 2");
    }
}
