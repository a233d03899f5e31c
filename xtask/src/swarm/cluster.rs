//! Two Swarm nodes on one machine, with a wire between them and none to the world.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::sh::{self, Running};

use super::shop::until;

/// Both nodes; the first is the manager and keeps the embedded stores.
pub(super) struct Cluster {
    pub(super) nodes: [Node; 2],
    /// Sends visitors.
    pub(super) sockshop: PathBuf,
    _folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts both nodes, joins them, and gives them the images.
    pub(super) fn start(sockshop: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(sh::is_root(), "only root can start nodes of a Swarm");
        sh::program("ip", "iproute2", &[])?;
        sh::program("dockerd", "docker.io", &[])?;
        let folder = tempfile::Builder::new().prefix("swarm-").tempdir()?;
        let nodes = wire(folder.path())?;
        let cluster = Self {
            sockshop: images::binary(sockshop)?,
            nodes,
            _folder: folder,
        };
        cluster.join()?;
        cluster.supply()?;
        Ok(cluster)
    }

    /// The manager.
    pub(super) fn manager(&self) -> &Node {
        &self.nodes[0]
    }

    fn join(&self) -> anyhow::Result<()> {
        let [manager, worker] = &self.nodes;
        sh::read(&mut manager.docker(&["swarm", "init", "--advertise-addr", manager.address]))?;
        let token = sh::read(&mut manager.docker(&["swarm", "join-token", "-q", "worker"]))?;
        let mut join = worker.docker(&["swarm", "join", "--advertise-addr", worker.address]);
        sh::read(join.args(["--token", &token]).arg(format!("{}:2377", manager.address)))?;
        let label = ["node", "update", "--label-add", "sock-shop.stores=here", manager.name];
        sh::read(&mut manager.docker(&label))?;
        Ok(())
    }
}
