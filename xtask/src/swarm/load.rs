//! Background load on a Swarm; any failed request fails the test.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::shop::Shop;
use crate::wait::until;

/// Visitors of the original's profile that arrive each second, nine requests each.
const RATE: &str = "3";

/// Visitors who come until told to stop.
pub(super) struct Load(Child);

impl Load {
    /// Lets them in at `url`.
    pub(super) fn start(shop: &Shop<'_>, url: &str) -> anyhow::Result<Self> {
        let known = count(&shop.journal);
        let mut load = load(shop, url, "1h");
        let load = Self(load.stdout(Stdio::piped()).spawn().context("no visitors")?);
        until("an order", Duration::from_secs(20), || {
            (count(&shop.journal) > known).then_some(())
        })?;
        Ok(load)
    }

    /// Sends them home, and fails when a request of any of them failed.
    pub(super) fn stop_clean(mut self, after: &str) -> anyhow::Result<()> {
        let id = self.0.id().to_string();
        Command::new("kill").args(["-INT", &id]).status()?;
        let mut said = String::new();
        if let Some(mut output) = self.0.stdout.take() {
            std::io::Read::read_to_string(&mut output, &mut said)?;
        }
        let status = self.0.wait()?;
        let total = said.lines().find(|line| line.contains("availability"));
        println!("{after}: {}", total.unwrap_or(&said));
        ensure!(
            status.success() && total.is_some(),
            "requests failed during {after}:\n{said}"
        );
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            _ = self.0.kill();
            _ = self.0.wait();
        }
    }
}

/// `sockshop load`, in the network of the manager; it fails past the first error.
pub(super) fn load(shop: &Shop<'_>, url: &str, duration: &str) -> Command {
    let mut load = shop.manager().inside(&shop.cluster.sockshop);
    load.args([
        "load",
        "--profile",
        "classic",
        "--rate",
        RATE,
        "--duration",
        duration,
    ]);
    load.args([
        "--url",
        url,
        "--max-error-rate",
        "0",
        "--journal",
        &shop.journal,
    ]);
    load
}

/// Lines in the file at `path`.
pub(super) fn count(path: &str) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}
