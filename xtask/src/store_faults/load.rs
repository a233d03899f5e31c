//! Shoppers who come all the while, and a journal of what they were told.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::durability::Shop;
use crate::{sh, wait};

/// A load test that runs until it is ended.
pub(super) struct Shoppers {
    child: Child,
    journal: PathBuf,
    summary: PathBuf,
}

impl Shoppers {
    /// Starts the background load.
    pub(super) fn begin(shop: &Shop<'_>, artefacts: &Path) -> anyhow::Result<Self> {
        let journal = artefacts.join("journal.jsonl");
        let summary = artefacts.join("load.json");
        let mut load = shop.command(&["load", "--profile", "shopper", "--duration", "24h"]);
        load.args(["--json", "--think", "300ms", "--rate", "10", "--seed", "1"]);
        load.arg("--journal").arg(&journal);
        load.stdout(std::fs::File::create(&summary)?);
        let child = load
            .stderr(Stdio::null())
            .spawn()
            .context("no load begins")?;
        Ok(Self {
            child,
            journal,
            summary,
        })
    }

    /// Returns once so many `orders` stand in the journal.
    pub(super) fn until_acknowledged(&self, orders: u64, timeout: Duration) -> anyhow::Result<()> {
        wait::until(&format!("{orders} acknowledged orders"), timeout, || {
            let journal = std::fs::read_to_string(&self.journal).ok()?;
            let lines = u64::try_from(journal.lines().count()).ok()?;
            (lines > orders).then_some(())
        })
    }

    /// Shows them out, and says how many orders were acknowledged.
    pub(super) fn end(mut self) -> anyhow::Result<u64> {
        sh::run(Command::new("kill").args(["-INT", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the load test failed: {status}");
        let summary: Value = serde_json::from_slice(&std::fs::read(&self.summary)?)?;
        let acknowledged = summary["orders"]["acknowledged"].as_u64();
        acknowledged.context("the load test counted no orders")
    }
}

impl Drop for Shoppers {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            _ = Command::new("kill")
                .arg(self.child.id().to_string())
                .status();
            _ = self.child.wait();
        }
    }
}
