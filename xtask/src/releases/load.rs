//! Background load of `sockshop load` while a release runs.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::ScenarioContext;
use crate::sh;

/// Duration given to the load test: longer than any scenario, which stops it.
const LONG: &str = "1h";

/// Running load test with the shopper profile.
pub(super) struct Load {
    child: Child,
    summary: PathBuf,
    journal: PathBuf,
}

/// Request counts of a finished load test.
pub(super) struct Report {
    /// Number of requests made.
    pub(super) requests: u64,
    /// Number of requests that failed.
    pub(super) failed: u64,
    outcomes: String,
}

impl Load {
    /// Starts shoppers at the rate of the scenario; they arrive until [`stop`](Self::stop).
    pub(super) fn start(context: &ScenarioContext<'_>, name: &str) -> anyhow::Result<Self> {
        Self::start_at(context, name, context.rate)
    }

    /// As [`start`](Self::start), with `rate` shoppers per second.
    pub(super) fn start_at(
        context: &ScenarioContext<'_>,
        name: &str,
        rate: &str,
    ) -> anyhow::Result<Self> {
        let summary = context.artefacts.join(format!("{name}.json"));
        let journal = context.artefacts.join(format!("{name}.jsonl"));
        let mut load = context.env.load();
        load.args(["--profile", "shopper", "--json"]);
        load.args(["--rate", rate, "--think", "300ms", "--duration", LONG]);
        load.arg("--journal").arg(&journal);
        let child = load.stdout(File::create(&summary)?).spawn();
        Ok(Self {
            child: child.context("cannot start the load test")?,
            summary,
            journal,
        })
    }

    /// Stops the load test and returns its report, once every visit has ended.
    pub(super) fn stop(mut self) -> anyhow::Result<Report> {
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

    /// As [`stop`](Self::stop); fails when a request failed or the audit reports a violation.
    pub(super) fn stop_clean(self, context: &ScenarioContext<'_>) -> anyhow::Result<Report> {
        let journal = self.journal.clone();
        let report = self.stop()?;
        report.must_have_no_failures()?;
        context.env.audit(&journal)?;
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
    pub(super) fn must_have_no_failures(&self) -> anyhow::Result<()> {
        let Self {
            requests,
            failed,
            outcomes,
        } = self;
        ensure!(*requests > 0, "no request was made");
        ensure!(
            *failed == 0,
            "{failed} of {requests} requests failed: {outcomes}"
        );
        Ok(())
    }
}
