//! The front-end under test, as a process in a cgroup.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, ensure};

use super::cgroup::Cgroup;
use super::{START_TIMEOUT, Shop};
use crate::{sh, wait};

/// The instance that is flooded.
const NAME: &str = "front-end-1";

/// How the names of metrics of connections begin.
const METRICS: &str = "http_server_";

pub(super) struct FrontEnd {
    pid: u32,
    restarts: u64,
    address: SocketAddr,
    admin: SocketAddr,
}

impl FrontEnd {
    /// Lets the supervisor of `shop` start it anew, inside `cgroup`, so that all of
    /// its memory counts.
    pub(super) fn started_in(cgroup: &Cgroup, shop: &Shop<'_>) -> anyhow::Result<Self> {
        let first = Self::now(shop)?;
        let supervisor = parent(first.pid)?;
        cgroup.add(supervisor)?;
        sh::run(Command::new("kill").args(["-KILL", &first.pid.to_string()]))?;
        let again = wait::until("a front-end in the cgroup", START_TIMEOUT, || {
            let now = Self::now(shop).ok()?;
            (now.pid != first.pid).then_some(now)
        });
        cgroup.remove(supervisor)?;
        let again = again?;
        ensure!(cgroup.has(again.pid)?, "{NAME} is not in the cgroup");
        Ok(again)
    }

    fn now(shop: &Shop<'_>) -> anyhow::Result<Self> {
        let one = shop.instance(NAME)?;
        ensure!(one["state"] == "serving", "{NAME} does not serve");
        let pid = one["pid"].as_u64().context("no process")?;
        let address = one["address"].as_str().context("no address")?;
        let [port, admin] = ["port", "admin_port"].map(|name| one[name].as_u64());
        let at = |port: Option<u64>| -> anyhow::Result<SocketAddr> {
            Ok(format!("{address}:{}", port.context("no port")?).parse()?)
        };
        Ok(Self {
            pid: u32::try_from(pid)?,
            restarts: one["restarts"].as_u64().context("no restarts")?,
            address: at(port)?,
            admin: at(admin)?,
        })
    }

    /// Fails when it was started again meanwhile.
    pub(super) fn must_be_the_same(&self, shop: &Shop<'_>) -> anyhow::Result<()> {
        let now = Self::now(shop)?;
        ensure!(
            (now.pid, now.restarts) == (self.pid, self.restarts),
            "{NAME} died and was started again"
        );
        Ok(())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its admin port says of connections.
    pub(super) fn connection_metrics(&self) -> anyhow::Result<String> {
        let metrics = wait::page(&format!("http://{}/metrics", self.admin))?;
        let lines = metrics.lines().filter(|line| line.starts_with(METRICS));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Its anonymous memory, in bytes.
    pub(super) fn anonymous(&self) -> anyhow::Result<u64> {
        let kibibytes = of_status(self.pid, "RssAnon:")?;
        Ok(kibibytes << 10)
    }
}

fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(u32::try_from(of_status(pid, "PPid:")?)?)
}

/// A number of `/proc/{pid}/status`.
fn of_status(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no such number")?.parse()?)
}
