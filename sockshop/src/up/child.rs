//! Starting one instance, and ending it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use hyper::Uri;
use rustix::process::Signal;
use tokio::process::{Child, ChildStdin, Command};

use super::plan::Instance;
use crate::folder::Folder;
use crate::process::Process;

/// Nobody here looks names up, so nobody needs longer to notice a leaver.
const DRAIN_WINDOW: &str = "500ms";

/// Longer than a process needs for its drain window and its last requests.
const PATIENCE: Duration = Duration::from_secs(12);

/// What all instances of one shop have in common.
pub(crate) struct Kit {
    /// The executable that can be any of them.
    pub(crate) executable: PathBuf,
    /// The shop's folder.
    pub(crate) folder: Folder,
    /// Variables every instance gets.
    pub(crate) environment: Vec<(String, String)>,
}

/// An instance that has been started.
pub(crate) struct Running {
    child: Child,
    /// The instance ends when this closes: with us, however we end.
    lifeline: Option<ChildStdin>,
    /// Its process.
    pub(crate) process: Process,
}

impl Kit {
    /// Starts `instance`. It writes to a log of its own, and it is in a process
    /// group of its own, so that Ctrl-C reaches only us.
    pub(crate) fn start(&self, instance: &Instance) -> anyhow::Result<Running> {
        let log = self.folder.log(&instance.name());
        let output = File::options().create(true).append(true).open(&log);
        let output = output.with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(&self.executable)
            .args(["serve", instance.service.name()])
            .current_dir(self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(settings(instance))
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.executable.display()))?;
        let pid = child.id().context("it ended at once")?;
        Ok(Running {
            lifeline: child.stdin.take(),
            process: Process::number(pid),
            child,
        })
    }
}

/// What makes a process this instance.
fn settings(instance: &Instance) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("BIND_ADDRESS", instance.address.to_string()),
        ("PORT", instance.port.to_string()),
        ("ADMIN_PORT", instance.admin_port.to_string()),
        ("VERSION", instance.version.clone()),
        ("INSTANCE", instance.name()),
        ("DRAIN_WINDOW", DRAIN_WINDOW.to_owned()),
        ("END_WITH_STDIN", "true".to_owned()),
    ];
    if let Some((variable, file)) = instance.service.store() {
        settings.push((variable, format!("sqlite:{file}?mode=rwc")));
    }
    settings
}

/// Where `instance` says whether it is ready.
pub(crate) fn readiness(instance: &Instance) -> anyhow::Result<Uri> {
    let [_, admin] = instance.sockets();
    Ok(format!("http://{admin}/readyz").parse()?)
}

impl Running {
    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to end and waits until it has. A paused one wakes up for that;
    /// one that does not listen is killed.
    pub(crate) async fn drain(mut self) {
        self.process.send(Signal::TERM);
        self.process.send(Signal::CONT);
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            _ = self.child.kill().await;
        }
        drop(self.lifeline.take());
    }
}
