//! A node of the Swarm: a Docker engine with a network, host name, mounts and
//! process ids of its own, which the kernel takes away with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::sh::{self, Running};
use crate::wait::until;

/// How long an engine may take to start.
const ENGINE_START_TIMEOUT: Duration = Duration::from_secs(30);

/// What a node does before it is an engine. No registry can be reached from
/// there, so names of hosts are refused at once rather than after a while.
/// Processors are shared out among control groups first: all containers of a
/// node would weigh as much as one process of whatever else this machine does.
const BEGIN: &str = "hostname $1; ip link set lo up; \
    weight=/sys/fs/cgroup/cpu/$1/cpu.shares; \
    if [ -d /sys/fs/cgroup/cpu ]; then mkdir -p ${weight%/*}; echo 20480 >$weight; fi; \
    echo nameserver 127.0.0.1 >$2/resolv.conf; mount --bind $2/resolv.conf /etc/resolv.conf; \
    exec dockerd --data-root $2/data --exec-root $2/exec --pidfile $2/pid \
    --cgroup-parent /$1 --host unix://$2/socket >$2/log 2>&1";

/// A node. Its processes end with this, or with us.
pub(crate) struct Node {
    /// Host name of the node.
    pub(super) name: &'static str,
    /// Where the other node reaches it.
    pub(crate) address: &'static str,
    folder: PathBuf,
    engine: Running,
}

impl Node {
    /// Starts one that keeps everything in `folder`.
    pub(super) fn start(
        name: &'static str,
        address: &'static str,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir(folder)?;
        let mut engine = Command::new("setpriv");
        engine.args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--net",
            "--uts",
            "--mount",
        ]);
        engine.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
        engine.args(["sh", "-ec", BEGIN, "sh", name]).arg(folder);
        let node = Self {
            name,
            address,
            folder: folder.to_owned(),
            engine: Running::start(&mut engine)?,
        };
        let what = format!(
            "the engine of {name}, whose log is {}/log",
            folder.display()
        );
        until(&what, ENGINE_START_TIMEOUT, || node.answers())?;
        Ok(node)
    }

    fn answers(&self) -> Option<()> {
        let mut ask = self.docker(&["version"]);
        let asked = ask.stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.ok()?.success().then_some(())
    }

    /// The process whose network and mounts are the node's.
    pub(super) fn process(&self) -> String {
        self.engine.id().to_string()
    }

    /// `docker`, speaking to this node.
    pub(super) fn docker(&self, arguments: &[&str]) -> Command {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.engine_at()]).args(arguments);
        docker
    }

    /// A program whose `docker` speaks to this node.
    pub(crate) fn beside(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("DOCKER_HOST", self.engine_at());
        command
    }

    fn engine_at(&self) -> String {
        format!("unix://{}/socket", self.folder.display())
    }

    /// What `docker` prints with these arguments.
    pub(crate) fn read(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let said = sh::read(&mut self.docker(arguments));
        said.with_context(|| format!("on {}", self.name))
    }

    /// A program that runs in the network of this node.
    pub(crate) fn inside(&self, program: &Path) -> Command {
        let mut enter = Command::new("nsenter");
        enter
            .args(["--target", &self.process(), "--net"])
            .arg(program);
        enter
    }

    /// A program that runs in the network of the container `id`.
    pub(super) fn inside_container(&self, id: &str, program: &str) -> anyhow::Result<Command> {
        let network = self.read(&["inspect", "--format", "{{.NetworkSettings.SandboxKey}}", id])?;
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.process(), "--mount", "nsenter"]);
        enter.args([format!("--net={network}"), program.to_owned()]);
        Ok(enter)
    }

    /// The running containers of `service`, oldest last.
    pub(super) fn containers(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let label = format!("label=com.docker.swarm.service.name=sock-shop_{service}");
        let said = self.read(&["ps", "--quiet", "--no-trunc", "--filter", &label])?;
        Ok(said.lines().map(str::to_owned).collect())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.engine.end("KILL");
        let groups = "find /sys/fs/cgroup -depth -type d -path \"*/$1*\" -exec rmdir {} +";
        let mut sweep = Command::new("sh");
        sweep.args(["-c", groups, "sh", self.name]);
        _ = until(
            "its control groups to be empty",
            ENGINE_START_TIMEOUT,
            || {
                let swept = sweep.stderr(Stdio::null()).status();
                swept.ok()?.success().then_some(())
            },
        );
    }
}
