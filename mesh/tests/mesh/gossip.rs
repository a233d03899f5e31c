//! Nodes among themselves, over real sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chassis::announce::MeshKey;
use chitchat::ChitchatMessage;
use chitchat::transport::{Socket, Transport};
use mesh::gossip::{Gossip, Place};
use mesh::node::{Node, now_ms};
use mesh::record::Owner;
use mesh::transport::Sealed;
use proto::mesh::ListMembersRequest;
use tokio::task::JoinSet;

use crate::world::{World, free, instance, key, until};

#[tokio::test]
async fn what_one_node_knows_all_know() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let three = World::joining("mesh-3", &[two.gossip]).await;
    let all = [&one, &two, &three];
    until("three members everywhere", async || {
        all.iter()
            .all(|world| world.node.members().iter().filter(|m| m.alive).count() == 3)
    })
    .await;
    let lease = one.add("catalogue", "catalogue-1", "v1", 11);
    let took = until("the name everywhere", async || {
        two.addresses("catalogue").await == [11] && three.addresses("catalogue").await == [11]
    })
    .await;
    println!("a new name was known at three nodes after {took:?}");
    drop(lease);
    let took = until("the name nowhere", async || {
        two.addresses("catalogue").await.is_empty() && three.addresses("catalogue").await.is_empty()
    })
    .await;
    println!("a dropped name was gone at three nodes after {took:?}");
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let members = two
        .client()
        .list_members(ListMembersRequest {})
        .await
        .unwrap();
    let members = members.into_inner().members;
    assert_eq!(members.len(), 3);
    assert_eq!(members.iter().filter(|member| member.me).count(), 1);
}

#[tokio::test]
async fn a_node_joins_one_that_is_known_by_name_and_starts_later() {
    let network = Cut(Sealed::new(key()), Arc::default());
    let mut tasks = JoinSet::new();
    let place = free().await;
    let by_name = [format!("localhost:{}", place.port())];
    let (first, _) = named_node("mesh-1", (free().await, &by_name), &network, &mut tasks).await;
    let (second, _) = named_node("mesh-2", (place, &[]), &network, &mut tasks).await;
    until("two members on both sides", async || {
        [&first, &second]
            .iter()
            .all(|node| node.members().iter().filter(|m| m.alive).count() == 2)
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_node_vouched_for_goes_within_two_seconds() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let lease = two.add("catalogue", "catalogue-1", "v1", 11);
    until("the name at the first node", async || {
        one.addresses("catalogue").await == [11]
    })
    .await;
    // Killed: what it would still say is not heard by anyone.
    lease.abandon();
    drop(two);
    let took = until("the name gone", async || {
        one.addresses("catalogue").await.is_empty()
    })
    .await;
    println!("the entries of a silent node were gone after {took:?}");
    assert!(
        (Duration::from_secs(1)..Duration::from_millis(2500)).contains(&took),
        "{took:?}"
    );
    assert_eq!(
        one.node
            .members()
            .iter()
            .filter(|member| member.alive)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_node_without_the_key_stays_a_stranger() {
    let one = World::joining("mesh-1", &[]).await;
    let other: MeshKey = "another key for tests".parse().unwrap();
    let stranger = World::with("stranger", &[one.gossip], other, Vec::new()).await;
    let _theirs = stranger.add("catalogue", "fake", "v1", 66);
    let friend = World::joining("mesh-2", &[one.gossip]).await;
    let _ours = friend.add("orders", "orders-1", "v1", 11);
    until("the friend's name", async || {
        one.addresses("orders").await == [11]
    })
    .await;
    assert!(one.addresses("catalogue").await.is_empty());
    assert!(
        one.node
            .members()
            .iter()
            .all(|member| member.owner.node != "stranger")
    );
}

/// Sealed sockets of a network that can be cut in two.
struct Cut(Sealed, Arc<Mutex<BTreeSet<SocketAddr>>>);

struct CutSocket {
    socket: Box<dyn Socket>,
    me: SocketAddr,
    island: Arc<Mutex<BTreeSet<SocketAddr>>>,
}

#[async_trait]
impl Transport for Cut {
    async fn open(&self, me: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let socket = self.0.open(me).await?;
        let island = self.1.clone();
        Ok(Box::new(CutSocket { socket, me, island }))
    }
}

#[async_trait]
impl Socket for CutSocket {
    async fn send(&mut self, to: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        let apart = {
            let island = self.island.lock().unwrap();
            island.contains(&self.me) != island.contains(&to)
        };
        if apart {
            return Ok(());
        }
        self.socket.send(to, message).await
    }

    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        self.socket.recv().await
    }
}

async fn cut_node(
    name: &str,
    seeds: &[SocketAddr],
    network: &Cut,
    tasks: &mut JoinSet<()>,
) -> (Node, SocketAddr) {
    let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
    named_node(name, (free().await, &seeds), network, tasks).await
}

async fn named_node(
    name: &str,
    (listen, seeds): (SocketAddr, &[String]),
    network: &Cut,
    tasks: &mut JoinSet<()>,
) -> (Node, SocketAddr) {
    let (node, news) = Node::new(Owner {
        node: name.into(),
        run: now_ms(),
    });
    let place = Place {
        mesh: "weave.local".into(),
        listen,
        advertise: listen,
        seeds: seeds.to_vec(),
    };
    let gossip = Gossip::start((node.clone(), news), place, network)
        .await
        .unwrap();
    tasks.spawn(async move { drop(gossip.run().await) });
    (node, listen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_of_a_cut_go_on_and_agree_after_it() {
    let network = Cut(Sealed::new(key()), Arc::default());
    let mut tasks = JoinSet::new();
    let mut nodes: Vec<(Node, SocketAddr)> = Vec::new();
    for number in 0..6 {
        let seeds: Vec<_> = nodes.iter().take(2).map(|(_, address)| *address).collect();
        nodes.push(cut_node(&format!("mesh-{number}"), &seeds, &network, &mut tasks).await);
    }
    let names = |node: &Node| -> Vec<String> {
        let view = node.view();
        let known = view.service("catalogue").map(|service| {
            service
                .instances
                .iter()
                .map(|endpoint| endpoint.name.clone())
                .collect()
        });
        known.unwrap_or_default()
    };
    let all = async |what: &str, expected: &[&str], some: &[(Node, SocketAddr)]| {
        until(what, async || {
            some.iter().all(|(node, _)| names(node) == expected)
        })
        .await
    };
    let left = nodes[0].0.grant("catalogue", "left", instance("v1", 1));
    let _right = nodes[5].0.grant("catalogue", "right", instance("v1", 2));
    all("both instances everywhere", &["left", "right"], &nodes).await;

    *network.1.lock().unwrap() = nodes[..3].iter().map(|(_, address)| *address).collect();
    all("only their own on the left", &["left"], &nodes[..3]).await;
    all("only their own on the right", &["right"], &nodes[3..]).await;
    drop(left);
    let _new = nodes[1].0.grant("catalogue", "new", instance("v1", 3));

    network.1.lock().unwrap().clear();
    let took = all("the same everywhere", &["new", "right"], &nodes).await;
    println!("six nodes agreed {took:?} after the cut was mended");
}
