//! What stands in front of the nodes of any Swarm that is open to the world: a
//! load balancer, which tries the other node when one takes no connection.

use std::process::Stdio;
use std::time::Duration;

use super::cluster::Cluster;
use crate::sh::{self, Running};
use crate::wait::until;

/// Port on which it listens.
const PORT: u16 = 8000;

/// How long it may take until the shop is seen through it.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// `HAProxy`, on the manager.
pub(super) struct LoadBalancer {
    _running: Running,
    address: &'static str,
}

impl LoadBalancer {
    /// Opens it in front of both nodes, and returns once the shop is seen through it.
    pub(super) fn open(cluster: &Cluster) -> anyhow::Result<Self> {
        let program = sh::program("haproxy", "haproxy", &["/usr/sbin"])?;
        let file = cluster.folder().join("haproxy.cfg");
        let servers = cluster.nodes.each_ref().map(|node| {
            format!(
                "  server {} {}:8080 check inter 500ms\n",
                node.name, node.address
            )
        });
        let text = include_str!("haproxy.cfg").replace("@PORT@", &PORT.to_string());
        std::fs::write(&file, text + &servers.concat())?;
        let mut load_balancer = cluster.manager().inside(&program);
        load_balancer
            .arg("-db")
            .arg("-f")
            .arg(file)
            .stderr(Stdio::null());
        let load_balancer = Self {
            _running: Running::start(&mut load_balancer)?,
            address: cluster.manager().address,
        };
        let mut ask = cluster.manager().inside(&cluster.sockshop);
        ask.args(["health", "--url", &load_balancer.url()]);
        until("the shop behind the load balancer", READY_TIMEOUT, || {
            let asked = ask.stderr(Stdio::null()).status();
            asked.ok()?.success().then_some(())
        })?;
        Ok(load_balancer)
    }

    /// Where visitors come in.
    pub(super) fn url(&self) -> String {
        format!("http://{}:{PORT}", self.address)
    }
}
