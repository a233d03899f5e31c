//! The shop as a stack.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::cluster::Cluster;
use super::node::Node;
use crate::sh;
use crate::wait::until;

/// How long the whole shop may take to come or to go.
const STACK_TIMEOUT: Duration = Duration::from_secs(300);

/// A deployed stack, and what its visitors were told.
pub(crate) struct Shop<'a> {
    pub(crate) cluster: &'a Cluster,
    /// Orders acknowledged so far.
    pub(super) journal: String,
}

impl<'a> Shop<'a> {
    /// Deploys these `files`, and returns once every task is healthy.
    pub(crate) fn deploy(cluster: &'a Cluster, files: &[&str]) -> anyhow::Result<Self> {
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
        let whole = until("every task to be healthy", STACK_TIMEOUT, || {
            shop.is_whole().then_some(())
        });
        whole.with_context(|| shop.tasks())?;
        println!("{files:?}: every task is healthy");
        Ok(shop)
    }

    /// The node that is spoken to.
    pub(crate) fn manager(&self) -> &Node {
        self.cluster.manager()
    }

    /// The front-end's port on the manager.
    pub(crate) fn door(&self) -> String {
        format!("http://{}:8080", self.manager().address)
    }

    /// What became of all tasks, for who has to find out.
    fn tasks(&self) -> String {
        let format = "{{.Name}} {{.Node}} {{.CurrentState}} {{.Error}}";
        let words = ["stack", "ps", "--no-trunc", "--format", format, "sock-shop"];
        self.manager().read(&words).unwrap_or_default()
    }

    /// Whether every service has all the tasks it wants.
    pub(crate) fn is_whole(&self) -> bool {
        let format = "{{.Replicas}}";
        let said = self
            .manager()
            .read(&["stack", "services", "--format", format, "sock-shop"]);
        said.is_ok_and(|said| said.lines().all(is_full))
    }

    /// The versions that containers of `service` run, the service of the stack and any beside it.
    pub(crate) fn versions(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let mut versions = Vec::new();
        for node in &self.cluster.nodes {
            let said = node.read(&["ps", "--format", "{{.Names}} {{.Image}}"])?;
            versions.extend(said.lines().filter_map(|line| version(line, service)));
        }
        Ok(versions)
    }

    /// What `format` says of `service`.
    pub(super) fn inspect(&self, service: &str, format: &str) -> anyhow::Result<String> {
        let name = format!("sock-shop_{service}");
        self.manager()
            .read(&["service", "inspect", "--format", format, &name])
    }

    /// Writes what the services said to a file in `artefacts`.
    pub(crate) fn keep_logs(&self, artefacts: &Path) -> anyhow::Result<()> {
        let services = ["service", "ls", "--format", "{{.Name}}"];
        let mut file = File::create(artefacts.join("shop.log"))?;
        for service in self.manager().read(&services)?.lines() {
            let logs = self
                .manager()
                .docker(&["service", "logs", service])
                .output()?;
            file.write_all(&[logs.stdout, logs.stderr].concat())?;
        }
        Ok(())
    }

    /// Takes the stack away with its volumes, and fails when something of it is left.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.manager().read(&["stack", "rm", "sock-shop"])?;
        for node in &self.cluster.nodes {
            until("the stack to go", STACK_TIMEOUT, || {
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

/// The version in `sock-shop_catalogue-v2.1.abc sockshop/catalogue:v2`, of `service`.
fn version(container: &str, service: &str) -> Option<String> {
    let (name, image) = container.split_once(' ')?;
    let rest = name.strip_prefix("sock-shop_")?.strip_prefix(service)?;
    let (image, version) = image.split_once(':')?;
    let of_it = rest.starts_with(['.', '-']) && image.ends_with(&format!("/{service}"));
    of_it.then(|| version.to_owned())
}

/// Whether `2/2`, perhaps with a remark behind it, is all there is to be.
fn is_full(replicas: &str) -> bool {
    let word = replicas.split_whitespace().next().unwrap_or_default();
    word.split_once('/')
        .is_some_and(|(are, should)| are == should && are != "0")
}

#[cfg(test)]
mod tests {
    use super::{is_full, version};

    #[test]
    fn a_service_is_full_when_all_its_tasks_run() {
        assert!(is_full("1/1") && is_full("2/2 (max 1 per node)"));
        assert!(!is_full("0/1") && !is_full("1/2 (max 1 per node)") && !is_full("0/0"));
        assert!(!is_full(""));
    }

    #[test]
    fn versions_are_those_of_a_service_and_of_what_is_beside_it() {
        let seen = |line| version(line, "carts");
        let beside = seen("sock-shop_carts-v2.1.abc sockshop/carts:v2");
        assert_eq!(beside.as_deref(), Some("v2"));
        let own = seen("sock-shop_carts.1.abc sockshop/carts:0.1.0");
        assert_eq!(own.as_deref(), Some("0.1.0"));
        assert_eq!(seen("sock-shop_carts-db.1.abc redis:8"), None);
        assert_eq!(
            seen("sock-shop_catalogue.1.abc sockshop/catalogue:v2"),
            None
        );
    }
}
