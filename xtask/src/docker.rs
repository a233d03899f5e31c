//! A Docker engine to test on, and what suites leave on it.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::sh::{self, Running};

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// `docker` and its arguments.
pub(crate) fn docker(arguments: &[&str]) -> Command {
    let mut docker = Command::new("docker");
    docker.args(arguments);
    docker
}

/// An engine that answers. One that was started for this ends with it.
pub(crate) struct Engine(#[expect(dead_code, reason = "its end ends the engine")] Option<Running>);

impl Engine {
    /// Uses the engine that runs here, or starts Debian's.
    pub(crate) fn start() -> anyhow::Result<Self> {
        sh::program("docker", "docker.io", &[])?;
        if answers() {
            return Ok(Self(None));
        }
        ensure!(sh::is_root(), "no Docker engine answers: start one");
        let server = sh::program("dockerd", "docker.io", &["/usr/sbin"])?;
        sh::program("iptables", "iptables", &["/usr/sbin"])?;
        let running = Running::start(Command::new(server).stderr(Stdio::null()))?;
        let begun = Instant::now();
        while !answers() {
            if begun.elapsed() > PATIENCE {
                bail!("the Docker engine does not answer: run `dockerd` to see why");
            }
            sleep(Duration::from_millis(200));
        }
        Ok(Self(Some(running)))
    }
}

fn answers() -> bool {
    let mut ask = docker(&["version", "--format", "{{.Server.Version}}"]);
    let asked = ask.stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Removes, when dropped, every container, volume and network of one Compose
/// project or Swarm stack.
pub(crate) struct Tidy(pub(crate) String);

impl Drop for Tidy {
    fn drop(&mut self) {
        for left in self.left().unwrap_or_default() {
            let (kind, name) = left.split_once(' ').unwrap_or_default();
            let force: &[&str] = if kind == "network" { &[] } else { &["--force"] };
            let mut remove = docker(&[kind, "rm"]);
            _ = remove.args(force).arg(name).stdout(Stdio::null()).status();
        }
    }
}

impl Tidy {
    /// What there is of the project, such as `volume shop_orders`.
    pub(crate) fn left(&self) -> anyhow::Result<Vec<String>> {
        let mut left = Vec::new();
        let label = format!("label=com.docker.compose.project={}", self.0);
        let kinds: [(&str, &[&str]); 3] =
            [("container", &["-a"]), ("volume", &[]), ("network", &[])];
        for (kind, all) in kinds {
            let mut list = docker(&[kind, "ls", "-q", "--filter", &label]);
            let names = sh::read(list.args(all))?;
            left.extend(names.lines().map(|name| format!("{kind} {name}")));
        }
        Ok(left)
    }
}
