//! Starting one instance, and ending it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use chassis::announce::MeshKey;
use hyper::Uri;
use rustix::process::Signal;
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use super::environment::passed;
use super::plan::Instance;
use crate::data_dir::DataDir;
use crate::process::Process;
use crate::service::Service;

/// Twice as long as anybody keeps a name: until then, all have noticed a leaver.
const DRAIN_WINDOW: &str = "2s";

/// Time limit for a process to end: its drain window and its last requests.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(14);

/// What all instances of one shop have in common.
pub(crate) struct Launcher {
    /// The executable that can be any of them.
    pub(crate) executable: PathBuf,
    /// Data directory of the shop.
    pub(crate) folder: DataDir,
    /// Variables every instance gets.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Variables front-ends get: their secret, and whom they believe.
    pub(crate) front_end: Vec<(&'static str, String)>,
    /// The secret of the mesh nodes; the others get what is derived from it for them.
    pub(crate) mesh_key: MeshKey,
    /// Where the mesh nodes gossip.
    pub(crate) gossip: Vec<SocketAddr>,
}

/// An instance that has been started.
pub(crate) struct Running {
    child: Child,
    /// The instance ends when this closes: with us, however we end.
    lifeline: Option<ChildStdin>,
    /// Operating system process of the child.
    pub(crate) process: Process,
}

impl Launcher {
    /// Starts `instance`. It writes to a log of its own, and it is in a process
    /// group of its own, so that Ctrl-C reaches only us.
    pub(crate) fn start(&self, instance: &Instance) -> anyhow::Result<Running> {
        let log = self.folder.log(&instance.name());
        let output = File::options().create(true).append(true).open(&log);
        let output = output.with_context(|| format!("cannot write {}", log.display()))?;
        let service = instance.seat.service;
        let own = match service {
            Service::FrontEnd => &self.front_end[..],
            _ => &[],
        };
        let mut child = Command::new(&self.executable)
            .args(["serve", service.name()])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(passed(service, |name| std::env::var_os(name)))
            .envs(self.environment.iter().cloned())
            .envs(own.iter().cloned())
            .envs(settings(instance))
            .envs(self.mesh_settings(instance))
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

    /// What makes a process this mesh node.
    fn mesh_settings(&self, instance: &Instance) -> Vec<(&'static str, String)> {
        let Some(ports) = instance.mesh else {
            let credential = self.mesh_key.credential(instance.seat.service.name());
            return vec![("MESH_CREDENTIAL", credential.expose())];
        };
        let policies = self.folder.policies(&instance.name());
        let own = instance.gossip();
        let others = self.gossip.iter().filter(|other| Some(**other) != own);
        let others: Vec<String> = others.map(ToString::to_string).collect();
        vec![
            ("MESH_KEY", self.mesh_key.expose().to_owned()),
            ("DNS_PORT", ports.dns.to_string()),
            ("GOSSIP_PORT", ports.gossip.to_string()),
            ("MESH_JOIN", others.join(",")),
            ("POLICY_FILE", policies.display().to_string()),
        ]
    }
}

/// What makes a process this instance.
fn settings(instance: &Instance) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("BIND_ADDRESS", instance.address.to_string()),
        ("PORT", instance.port.to_string()),
        ("ADMIN_PORT", instance.admin_port.to_string()),
        ("VERSION", instance.seat.version.clone()),
        ("INSTANCE", instance.name()),
        ("DRAIN_WINDOW", DRAIN_WINDOW.to_owned()),
        ("END_WITH_STDIN", "true".to_owned()),
    ];
    if let Some((variable, file)) = instance.seat.service.store() {
        let elsewhere = instance.seat.service.store_elsewhere();
        let elsewhere = elsewhere.and_then(|name| std::env::var(name).ok());
        let store = elsewhere.unwrap_or_else(|| format!("sqlite:{file}?mode=rwc"));
        settings.push((variable, store));
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

    /// Asks it to end and waits until it has: those who call it notice within
    /// its drain window, which is over as soon as there is `nobody` left. A paused
    /// one wakes up for that; one that does not listen is killed.
    pub(crate) async fn drain(mut self, nobody: &CancellationToken) {
        self.process.send(Signal::TERM);
        self.process.send(Signal::CONT);
        let ended = async {
            let left = tokio::select! {
                ended = self.child.wait() => return ended,
                () = nobody.cancelled() => self.lifeline.take(),
            };
            drop(left);
            self.child.wait().await
        };
        if tokio::time::timeout(DRAIN_TIMEOUT, ended).await.is_err() {
            _ = self.child.kill().await;
        }
    }
}
