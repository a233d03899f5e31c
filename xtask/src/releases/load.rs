//! Shoppers, for as long as a release is on its way.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Scenario;
use crate::sh;

/// Duration of a load test that is stopped before its end.
const MAX_DURATION: &str = "1h";

/// Shoppers in the shop.
pub(super) struct Load {
    child: Child,
    summary: PathBuf,
    journal: PathBuf,
}

/// What they went through.
pub(super) struct Report {
    /// Requests they made.
    pub(super) requests: u64,
    /// Those that failed.
    pub(super) failed: u64,
    outcomes: String,
}

impl Load {
    /// Lets shoppers in, until [`end`](Self::end).
    pub(super) fn enter(stage: &Scenario<'_>, name: &str) -> anyhow::Result<Self> {
        Self::enter_at(stage, name, stage.rate)
    }

    /// As [`enter`](Self::enter), `rate` of them each second.
    pub(super) fn enter_at(stage: &Scenario<'_>, name: &str, rate: &str) -> anyhow::Result<Self> {
        let summary = stage.artefacts.join(format!("{name}.json"));
        let journal = stage.artefacts.join(format!("{name}.jsonl"));
        let mut load = stage.ground.load();
        load.args(["--profile", "shopper", "--json"]);
        load.args([
            "--rate",
            rate,
            "--think",
            "300ms",
            "--duration",
            MAX_DURATION,
        ]);
        load.arg("--journal").arg(&journal);
        let child = load.stdout(File::create(&summary)?).spawn();
        Ok(Self {
            child: child.context("no shoppers come")?,
            summary,
            journal,
        })
    }

    /// Lets nobody in any more, and waits until all have left.
    pub(super) fn end(mut self) -> anyhow::Result<Report> {
        sh::run(Command::new("kill").args(["-INT", &self.child.id().to_string()]))?;
        ensure!(self.child.wait()?.success(), "the load test failed");
        let summary: Value = serde_json::from_str(&std::fs::read_to_string(&self.summary)?)?;
        let number = |name: &str| summary[name].as_u64().with_context(|| format!("no {name}"));
        Ok(Report {
            requests: number("requests")?,
            failed: number("failed")?,
            outcomes: summary["outcomes"].to_string(),
        })
    }

    /// As [`end`](Self::end); fails when a request did, or when the auditor finds anything.
    pub(super) fn end_content(self, stage: &Scenario<'_>) -> anyhow::Result<Report> {
        let journal = self.journal.clone();
        let report = self.end()?;
        report.must_be_whole()?;
        stage.ground.audit(&journal)?;
        Ok(report)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }
}

impl Report {
    /// Fails when a request did, or when there was none.
    pub(super) fn must_be_whole(&self) -> anyhow::Result<()> {
        let Self {
            requests,
            failed,
            outcomes,
        } = self;
        ensure!(*requests > 0, "nobody came");
        ensure!(
            *failed == 0,
            "{failed} of {requests} requests failed: {outcomes}"
        );
        Ok(())
    }
}
