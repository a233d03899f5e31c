//! A Docker engine to test on, and what suites leave on it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::sh::{self, Running};

/// How long an engine may take to start.
const ENGINE_START_TIMEOUT: Duration = Duration::from_secs(30);

/// `docker` and its arguments.
pub(crate) fn docker(arguments: &[&str]) -> Command {
    let mut docker = Command::new("docker");
    docker.args(arguments);
    docker
}

/// Builds the image that `arguments` describe, without `BuildKit`, which Debian's
/// engine lacks. What is said meanwhile is shown only when it fails.
pub(crate) fn build(arguments: &[&str], folder: &Path) -> anyhow::Result<()> {
    let mut build = docker(&["build", "--quiet"]);
    build
        .args(arguments)
        .arg(folder)
        .env("DOCKER_BUILDKIT", "0");
    let output = build.output().context("cannot run docker")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "docker build {arguments:?}: {said}"
    );
    Ok(())
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
            if begun.elapsed() > ENGINE_START_TIMEOUT {
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

/// A container that is removed when this is dropped.
pub(crate) struct Container(pub(crate) String);

impl Container {
    /// What `format` says of it.
    pub(crate) fn inspect(&self, format: &str) -> anyhow::Result<String> {
        sh::read(&mut docker(&["inspect", "--format", format, &self.0]))
    }

    /// What it has said.
    pub(crate) fn logs(&self) -> anyhow::Result<String> {
        sh::read(&mut docker(&["logs", &self.0]))
    }

    /// Asks it to end, and returns its exit code.
    pub(crate) fn stop(&self) -> anyhow::Result<String> {
        sh::read(&mut docker(&["stop", "--time", "30", &self.0]))?;
        self.inspect("{{.State.ExitCode}}")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut remove = docker(&["rm", "--force", "--volumes", &self.0]);
        _ = remove.stdout(Stdio::null()).status();
    }
}
