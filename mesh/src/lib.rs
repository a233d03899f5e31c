//! The mesh: services find each other by name, are drained and weighted, on one
//! machine or on many.
//!
//! An instance announces itself to a node ([`grpc`]), which takes it into what it
//! knows ([`node`]): a state that all nodes converge to ([`crdt`]), because each
//! tells the others what is new ([`gossip`], in sealed datagrams: [`seal`]). Out of
//! the state a node makes a [`view`], with every instance's share of the requests
//! worked out, and from that it answers DNS ([`zone`] says what, [`dns`] how).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use chassis::admin::Check;
use chassis::announce::MeshKey;
use chassis::{Error, Server, Shutdown};

pub mod address;
pub mod clocks;
pub mod config;
pub mod crdt;
pub mod dns;
pub mod forward;
pub mod gossip;
pub mod grpc;
pub mod hlc;
pub mod node;
pub mod policy;
pub mod record;
pub mod refusal;
pub mod seal;
pub mod snapshot;
pub mod throttle;
pub mod transport;
pub mod view;
pub mod zone;

pub use config::Config;
pub use node::Node;

use crate::dns::Dns;
use crate::forward::Forward;
use crate::gossip::{Gossip, Place};
use crate::node::{News, now_ms};
use crate::policy::PolicyFile;
use crate::record::{Instance, Owner, Phase};
use crate::transport::Sealed;
use crate::zone::Zone;

/// Time a node with seeds waits for them before it answers NXDOMAIN.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs a mesh node until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    config.check()?;
    let place = config.place().await?;
    let key = config.common.announcing.key();
    let (node, news) = Node::new(Owner {
        node: config.common.instance(),
        run: now_ms(),
    });
    keep_policies(&config, &node)?;
    let myself = node.grant("meshd", &node.me().node, instance(&config, &place));
    let gossip = start(&node, news, place, &key).await?;

    let zone = Zone::new(config.domain())?;
    let dns = Dns::new(node.clone(), zone, Forward::to(config.forward.clone()));
    let address = SocketAddr::new(config.common.bind, config.dns_port);
    let answers = Arc::new(AtomicBool::new(false));

    let shutdown = Shutdown::default();
    let app = app(node.clone(), &key, shutdown.clone())?;
    let server = Server::new("meshd")
        .grpc(grpc::NAME)
        .ready(answering(answers.clone()))
        .private(snapshot::routes(node.clone()))
        .shutdown(shutdown)
        .unannounced();
    let ended = tokio::select! {
        biased;
        ended = server.serve(&config.common, app) => ended,
        ended = gossip.run() => ended,
        ended = answer(&node, address, dns, &answers) => ended,
    };
    drop(myself);
    ended
}

/// What a node says over gRPC, ready for a port or a test.
pub fn app(node: Node, key: &MeshKey, shutdown: Shutdown) -> anyhow::Result<Router> {
    grpc::routes(node, key, shutdown)
}

/// Begins to gossip, sealed with `key`.
pub async fn start(node: &Node, news: News, place: Place, key: &MeshKey) -> anyhow::Result<Gossip> {
    if place.seeds.is_empty() {
        node.settle();
    }
    let patient = node.clone();
    tokio::spawn(async move {
        tokio::time::sleep(JOIN_TIMEOUT).await;
        patient.settle();
    });
    Gossip::start((node.clone(), news), place, &Sealed::new(key.clone())).await
}

/// Answers names, once this node has met the others. Until then its port is
/// closed: a resolver told so asks another node at once, while one told that
/// something failed may leave it at that.
async fn answer(
    node: &Node,
    address: SocketAddr,
    dns: Dns,
    answers: &AtomicBool,
) -> anyhow::Result<()> {
    node.settled().await;
    let (mut dns, address) = dns::listen(address, dns).await?;
    answers.store(true, Relaxed);
    tracing::info!(%address, "answering names");
    dns.ended().await
}

fn answering(answers: Arc<AtomicBool>) -> Check {
    Check::new("mesh", move || {
        let answers = answers.load(Relaxed);
        async move {
            answers
                .then_some(())
                .ok_or_else(|| Error::unavailable("no other node met yet"))
        }
    })
}

/// Reads the policies kept from last time, and keeps them from now on.
fn keep_policies(config: &Config, node: &Node) -> anyhow::Result<()> {
    if let Some(path) = &config.policy_file {
        let file = PolicyFile::new(path);
        let kept = file.read()?;
        node.say(|_| Ok::<_, anyhow::Error>(kept))?;
        tokio::spawn(file.keep(node.policies()));
    }
    Ok(())
}

/// This node, as an instance of its own service.
fn instance(config: &Config, place: &Place) -> Instance {
    Instance {
        epoch: now_ms(),
        version: config.common.version.clone(),
        address: place.advertise.ip(),
        port: config.common.port,
        phase: Phase::Serving,
        incarnation: 0,
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Config;

    #[test]
    fn flags_are_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn without_a_key_a_node_keeps_to_loopback() {
        let config = Config::try_parse_from(["meshd", "--bind", "0.0.0.0"]).unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(
            error.contains("MESH_KEY") && error.contains("0.0.0.0"),
            "{error}"
        );
        let key = [
            "meshd",
            "--bind",
            "0.0.0.0",
            "--mesh-key",
            "0123456789abcdef",
        ];
        assert!(Config::try_parse_from(key).unwrap().check().is_ok());
        let local = Config::try_parse_from(["meshd", "--bind", "127.77.0.1"]).unwrap();
        assert!(local.check().is_ok());
    }
}
