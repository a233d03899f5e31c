//! The shop as a stack.

use std::time::Duration;

use anyhow::ensure;

use super::cluster::Cluster;
use super::node::Node;
use crate::sh;
use crate::wait::until;

/// How long the whole shop may take to come or to go.
const PATIENCE: Duration = Duration::from_secs(120);

/// A deployed stack, and what its visitors were told.
pub(super) struct Shop<'a> {
    pub(super) cluster: &'a Cluster,
    /// Orders acknowledged so far.
    pub(super) journal: String,
}

impl<'a> Shop<'a> {
    /// Deploys these `files`, and returns once every task is healthy.
    pub(super) fn deploy(cluster: &'a Cluster, files: &[&str]) -> anyhow::Result<Self> {
        let mut deploy = cluster
            .manager()
            .docker(&["stack", "deploy", "--resolve-image", "never"]);
        for file in files {
            deploy
                .arg("--compose-file")
                .arg(sh::root().join("swarm").join(file));
        }
        if files.len() > 1 {
            deploy.env("SHOP_NODES", "node.platform.os == linux");
        }
        sh::run(deploy.arg("sock-shop"))?;
        let journal = cluster
            .folder()
            .join(format!("{}-files.jsonl", files.len()));
        let journal = journal.display().to_string();
        let shop = Self { cluster, journal };
        until("every task to be healthy", PATIENCE, || {
            shop.is_whole().then_some(())
        })?;
        println!("{files:?}: every task is healthy");
        Ok(shop)
    }

    /// The node that is spoken to.
    pub(super) fn manager(&self) -> &Node {
        self.cluster.manager()
    }

    /// The front-end's port on the manager.
    pub(super) fn door(&self) -> String {
        format!("http://{}:8080", self.manager().address)
    }

    /// Whether every service has all the tasks it wants.
    pub(super) fn is_whole(&self) -> bool {
        let format = "{{.Replicas}}";
        let said = self
            .manager()
            .read(&["stack", "services", "--format", format, "sock-shop"]);
        said.is_ok_and(|said| said.lines().all(is_full))
    }

    /// What `format` says of `service`.
    pub(super) fn inspect(&self, service: &str, format: &str) -> anyhow::Result<String> {
        let name = format!("sock-shop_{service}");
        self.manager()
            .read(&["service", "inspect", "--format", format, &name])
    }

    /// Takes the stack away with its volumes, and fails when something of it is left.
    pub(super) fn close(self) -> anyhow::Result<()> {
        self.manager().read(&["stack", "rm", "sock-shop"])?;
        for node in &self.cluster.nodes {
            until("the stack to go", PATIENCE, || {
                let tasks = node.read(&["ps", "--all", "--quiet"]).ok()?;
                let networks = ["network", "ls", "--quiet", "--filter", "name=sock-shop_"];
                (tasks + &node.read(&networks).ok()?)
                    .is_empty()
                    .then_some(())
            })?;
            let volumes = node.read(&["volume", "ls", "--quiet"])?;
            let remove: Vec<_> = ["volume", "rm"]
                .into_iter()
                .chain(volumes.lines())
                .collect();
            if remove.len() > 2 {
                node.read(&remove)?;
            }
        }
        let left = self.manager().read(&["service", "ls", "--quiet"])?;
        ensure!(left.is_empty(), "services are left: {left}");
        println!("the stack is gone");
        Ok(())
    }
}

/// Whether `2/2`, perhaps with a remark behind it, is all there is to be.
fn is_full(replicas: &str) -> bool {
    let word = replicas.split_whitespace().next().unwrap_or_default();
    word.split_once('/')
        .is_some_and(|(are, should)| are == should && are != "0")
}

#[cfg(test)]
mod tests {
    use super::is_full;

    #[test]
    fn a_service_is_full_when_all_its_tasks_run() {
        assert!(is_full("1/1") && is_full("2/2 (max 1 per node)"));
        assert!(!is_full("0/1") && !is_full("1/2 (max 1 per node)") && !is_full("0/0"));
        assert!(!is_full(""));
    }
}
