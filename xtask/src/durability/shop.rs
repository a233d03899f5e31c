//! A shop with two instances of everything, and the storm over it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::{servers, sh};

/// What a shop is made of.
pub(crate) const SERVICES: [&str; 8] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
];

/// A shop with two instances of everything, closed when this is dropped.
pub(crate) struct Shop<'a> {
    binary: &'a Path,
    data: PathBuf,
    port: u16,
}

impl<'a> Shop<'a> {
    /// Opens one in `folder`, with these `variables` in its environment.
    pub(crate) fn open(
        binary: &'a Path,
        folder: &Path,
        variables: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let shop = Self {
            binary,
            data: folder.join("shop"),
            port: servers::free_port()?,
        };
        let port = shop.port.to_string();
        let mut up = shop.command(&["up", "--detach", "--port", &port]);
        for service in SERVICES {
            up.args(["--scale", &format!("{service}=2")]);
        }
        sh::run(up.envs(variables.iter().map(|(name, value)| (name, value))))?;
        Ok(shop)
    }

    /// Data directory of the shop.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Where its visitors come in.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `sockshop` with these arguments, about this shop.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(arguments).arg("--data").arg(&self.data);
        command
    }

    /// Writes what the services said to a file in `artefacts`.
    pub(crate) fn keep_logs(&self, artefacts: &Path) -> anyhow::Result<()> {
        let logs = sh::read(&mut self.command(&["logs"]))?;
        Ok(std::fs::write(artefacts.join("shop.log"), logs)?)
    }
}

impl Drop for Shop<'_> {
    fn drop(&mut self) {
        _ = self.command(&["down"]).status();
    }
}

/// A storm over a shop, for as long as there is load.
pub(super) struct Storm(Child);

impl Storm {
    /// Begins one that hits `every` so often.
    pub(super) fn begin(
        shop: &Shop<'_>,
        seed: u64,
        every: &str,
        artefacts: &Path,
    ) -> anyhow::Result<Self> {
        let mut storm = shop.command(&["chaos", "storm", "--every", every, "--duration", "24h"]);
        storm.args(["--seed", &seed.to_string(), "--timeline"]);
        storm.arg(artefacts.join("storm.jsonl"));
        let child = storm.stdout(Stdio::null()).spawn();
        Ok(Self(child.context("no storm begins")?))
    }

    /// Ends it, and returns once the shop is whole.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        sh::run(Command::new("kill").args(["-INT", &self.0.id().to_string()]))?;
        let status = self.0.wait()?;
        ensure!(status.success(), "the storm left the shop broken");
        Ok(())
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            _ = Command::new("kill").arg(self.0.id().to_string()).status();
            _ = self.0.wait();
        }
    }
}
