//! Two Swarm nodes on one machine, with a wire between them and none to the world.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::node::Node;
use crate::docker::{self, Engine, docker};
use crate::{images, sh, stand_ins};

/// Release of every service that is as good as the first.
pub(super) const GOOD: &str = "v2";

/// Release whose processes never become healthy.
pub(super) const BAD: &str = "broken";

/// Release that answers some requests with errors.
pub(crate) const ERRORS: &str = "v2-errors";

/// Both nodes; the first is the manager and keeps the stores.
pub(crate) struct Cluster {
    pub(crate) nodes: [Node; 2],
    /// Executable that generates the load.
    pub(crate) sockshop: PathBuf,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts both nodes, joins them, and gives them the images.
    pub(crate) fn start(sockshop: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(sh::is_root(), "only root can start nodes of a Swarm");
        sh::program("ip", "iproute2", &["/usr/sbin"])?;
        sh::program("dockerd", "docker.io", &["/usr/sbin"])?;
        sh::program("iptables", "iptables", &["/usr/sbin"])?;
        let sockshop = images::binary(sockshop)?;
        let folder = tempfile::Builder::new().prefix("swarm-").tempdir()?;
        let nodes = [
            Node::start("sock-shop-1", "10.77.0.1", &folder.path().join("1"))?,
            Node::start("sock-shop-2", "10.77.0.2", &folder.path().join("2"))?,
        ];
        let cluster = Self {
            nodes,
            sockshop,
            folder,
        };
        cluster.wire()?;
        cluster.join()?;
        cluster.supply()?;
        Ok(cluster)
    }

    /// Node that manages the Swarm.
    pub(super) fn manager(&self) -> &Node {
        &self.nodes[0]
    }

    /// Where a suite may keep what is to vanish.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lays a wire between the nodes.
    fn wire(&self) -> anyhow::Result<()> {
        let [one, two] = self.nodes.each_ref().map(Node::process);
        let mut wire = Command::new("ip");
        wire.args(["link", "add", "wire", "netns", &one, "type", "veth"]);
        sh::run(wire.args(["peer", "name", "wire", "netns", &two]))?;
        for (node, other) in self.nodes.iter().zip(self.nodes.iter().rev()) {
            let address = format!("{}/24", node.address);
            for arguments in [
                &["address", "add", &address, "dev", "wire"][..],
                &["link", "set", "wire", "up"],
                &["route", "add", "default", "via", other.address],
            ] {
                sh::run(node.inside(Path::new("ip")).args(arguments))?;
            }
        }
        Ok(())
    }

    fn join(&self) -> anyhow::Result<()> {
        let [manager, worker] = &self.nodes;
        manager.read(&["swarm", "init", "--advertise-addr", manager.address])?;
        let token = manager.read(&["swarm", "join-token", "--quiet", "worker"])?;
        let at = format!("{}:2377", manager.address);
        let here = worker.address;
        worker.read(&[
            "swarm",
            "join",
            "--advertise-addr",
            here,
            "--token",
            &token,
            &at,
        ])?;
        let label = [
            "node",
            "update",
            "--label-add",
            "sock-shop.stores=here",
            manager.name,
        ];
        manager.read(&label)?;
        for key in ["mesh-key", "session-key", "store-key"] {
            let mut make = Command::new(&self.sockshop);
            let file = self.folder().join(key);
            sh::read(make.arg("secret").arg(&file))?;
            let file = file.display().to_string();
            manager.read(&["secret", "create", &format!("sock-shop-{key}"), &file])?;
        }
        self.derive_credentials()
    }

    /// A secret for each service, as `README.md` says.
    fn derive_credentials(&self) -> anyhow::Result<()> {
        let [manager, _] = &self.nodes;
        let mut derive = Command::new(&self.sockshop);
        derive.env(
            "MESH_KEY",
            fs::read_to_string(self.folder().join("mesh-key"))?,
        );
        let all = sh::read(derive.args(["mesh", "credential"]))?;
        for (service, credential) in all.lines().filter_map(|line| line.split_once('=')) {
            let name = format!("mesh-{service}");
            let file = self.folder().join(&name);
            fs::write(&file, credential)?;
            let file = file.display().to_string();
            manager.read(&["secret", "create", &format!("sock-shop-{name}"), &file])?;
        }
        Ok(())
    }

    /// Builds every image and gives them to both nodes.
    fn supply(&self) -> anyhow::Result<()> {
        let _engine = Engine::start()?;
        images::build(&self.sockshop)?;
        stand_ins::build()?;
        let mut tags = images::ALL.map(images::tag).to_vec();
        tags.extend([stand_ins::POSTGRES, stand_ins::REDIS].map(str::to_owned));
        for name in images::ALL {
            tags.push(variant(name, GOOD, &format!("ENV VERSION={GOOD}"))?);
        }
        tags.push(variant(
            "catalogue",
            ERRORS,
            &format!("ENV VERSION={ERRORS}"),
        )?);
        for name in ["catalogue", "front-end"] {
            let never = "HEALTHCHECK CMD [\"/sockshop\", \"never\"]";
            tags.push(variant(name, BAD, never)?);
        }
        let archive = self.folder().join("images.tar").display().to_string();
        sh::read(docker(&["save", "--output", &archive]).args(&tags))?;
        for node in &self.nodes {
            let mut load = node.docker(&["load", "--quiet", "--input", &archive]);
            let loaded = load.stdout(Stdio::null()).status().context("no docker")?;
            ensure!(loaded.success(), "{} takes no images", node.name);
        }
        Ok(std::fs::remove_file(archive)?)
    }

    /// Ends both nodes, and fails when something of them is left.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        let names = self.nodes.each_ref().map(|node| node.name);
        let folder = self.folder().display().to_string();
        drop(self);
        let left = "grep -s $1 /proc/[0-9]*/mountinfo; ls -d $1; \
            find /sys/fs/cgroup -name $2 -o -name $3; ip -brief link show wire";
        let mut look = Command::new("sh");
        look.args(["-c", left, "sh", &folder]).args(names);
        let left = look.stderr(Stdio::null()).output()?;
        let left = String::from_utf8_lossy(&left.stdout);
        ensure!(left.is_empty(), "the nodes left something:\n{left}");
        println!("both nodes are gone: no process, mount, control group, wire or file is left");
        Ok(())
    }
}

/// An image of ours with another last `line`, and its tag.
fn variant(name: &str, version: &str, line: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let text = format!("FROM {}\n{line}\n", images::tag(name));
    std::fs::write(folder.path().join("Dockerfile"), text)?;
    let tag = format!("sockshop/{name}:{version}");
    docker::build(&["--tag", &tag], folder.path())?;
    Ok(tag)
}
