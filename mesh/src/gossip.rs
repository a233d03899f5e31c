//! Telling the other nodes, and hearing from them: the state on top of chitchat.
//!
//! chitchat gives every node a map of its own that all others get a copy of, and
//! says which nodes are alive. Into its map a node puts the instances that
//! announce to it, those gone included, and all policies it knows. What it finds
//! new in others' maps it merges like any update.

mod codec;
mod seeds;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use chitchat::transport::Transport;
use chitchat::{ChitchatConfig, ChitchatHandle, ChitchatId, FailureDetectorConfig, spawn_chitchat};
use rand::seq::IteratorRandom;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, interval};

use crate::crdt::{Presence, State};
use crate::node::{News, Node};

use codec::Heard;
use seeds::Seeds;

/// How often a node gossips.
const ROUND: Duration = Duration::from_millis(100);

/// How long a node stays known after it was last heard of.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// Time a tombstone of an instance is gossiped: longer than a node that missed it keeps the
/// instance, so that no node revives it.
const TOMBSTONE_TTL: Duration = Duration::from_secs(20 * 60);

/// How often old things are forgotten.
const SWEEP: Duration = Duration::from_secs(10);

/// News is told to this many nodes at once; the rest hear in the next rounds.
const TOLD_AT_ONCE: usize = 4;

/// Where and with whom a node gossips.
#[derive(Clone, Debug)]
pub struct Place {
    /// Nodes of another mesh are not listened to.
    pub mesh: String,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address others reach that at.
    pub advertise: SocketAddr,
    /// Nodes to begin with, as host:port.
    pub seeds: Vec<String>,
}

/// A node's conversation with the others.
pub struct Gossip {
    handle: ChitchatHandle,
    node: Node,
    news: News,
    heard: UnboundedReceiver<Heard>,
    seeds: Seeds,
    gone: HashMap<String, Instant>,
}

impl Gossip {
    /// Begins to gossip for `node`, whose `news` are to be told.
    pub async fn start(
        (node, news): (Node, News),
        place: Place,
        transport: &dyn Transport,
    ) -> anyhow::Result<Self> {
        let me = node.me();
        let id = ChitchatId::new(me.node.as_str(), me.run, place.advertise);
        let (addresses, names) = place
            .seeds
            .into_iter()
            .partition(|seed| seed.parse::<SocketAddr>().is_ok());
        let place = Place {
            seeds: addresses,
            ..place
        };
        let handle = spawn_chitchat(config(id, place), Vec::new(), transport).await?;
        let (tell, heard) = unbounded_channel();
        let myself = me.clone();
        let listen = move |event: chitchat::KeyChangeEvent<'_>| {
            let from = codec::owner(event.node);
            if from != myself {
                let (key, value) = (event.key.to_owned(), event.value.to_owned());
                _ = tell.send(Heard { from, key, value });
            }
        };
        handle
            .with_chitchat(|chitchat| chitchat.subscribe_event("", listen.clone()).forever())
            .await;
        Ok(Self {
            handle,
            node,
            news,
            heard,
            seeds: Seeds::new(names),
            gone: HashMap::new(),
        })
    }

    /// Tells and hears until the socket fails.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let ended = self.handle.termination_watcher();
        tokio::pin!(ended);
        let mut live = self
            .handle
            .with_chitchat(|chitchat| chitchat.live_nodes_watcher())
            .await;
        let mut sweep = interval(SWEEP);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                ended = &mut ended => return ended.context("gossip ended"),
                Some(news) = self.news.recv() => self.tell(news).await,
                count = self.heard.recv_many(&mut batch, 256) => {
                    if count > 0 && self.node.hear(codec::read(batch.drain(..))) {
                        self.nudge().await;
                    }
                }
                Some(found) = self.seeds.found() => self.greet(found).await,
                Ok(()) = live.changed() => self.meet().await,
                _ = sweep.tick() => self.sweep().await,
            }
        }
    }

    /// Puts news into this node's map and wakes some others.
    async fn tell(&mut self, news: State) {
        let words = codec::write(self.node.me(), &news);
        for (key, entry) in &news.instances {
            let key = codec::instance_key(key);
            if entry.presence == Presence::Gone {
                self.gone.insert(key, Instant::now());
            } else {
                self.gone.remove(&key);
            }
        }
        self.handle
            .with_chitchat(|chitchat| {
                for (key, value) in &words {
                    chitchat.self_node_state().set(key, value);
                }
            })
            .await;
        self.nudge().await;
    }

    /// Gossips with some others now instead of in the next round.
    async fn nudge(&self) {
        let peers = self
            .handle
            .with_chitchat(|chitchat| {
                let me = chitchat.self_chitchat_id().clone();
                let others = chitchat.live_nodes().filter(|id| **id != me);
                let others = others.map(|id| id.gossip_advertise_addr);
                others.sample(&mut rand::rng(), TOLD_AT_ONCE)
            })
            .await;
        for peer in peers {
            _ = self.handle.gossip(peer);
        }
    }

    /// Gossips with those of `found` that are not known yet.
    async fn greet(&self, mut found: BTreeSet<SocketAddr>) {
        self.handle
            .with_chitchat(|chitchat| {
                let me = chitchat.self_chitchat_id().gossip_advertise_addr;
                found.retain(|address| address.is_ipv4() == me.is_ipv4() && *address != me);
                for known in chitchat.live_nodes() {
                    found.remove(&known.gossip_advertise_addr);
                }
            })
            .await;
        for stranger in found {
            _ = self.handle.gossip(stranger);
        }
    }

    /// Tells the node who is alive.
    async fn meet(&self) {
        let members = self
            .handle
            .with_chitchat(|chitchat| codec::members(chitchat))
            .await;
        self.node.meet(members);
    }

    /// Forgets what nobody needs any more: nodes that have long gone, and that an
    /// instance has.
    async fn sweep(&mut self) {
        let old = self
            .gone
            .extract_if(|_, since| since.elapsed() > TOMBSTONE_TTL)
            .map(|(key, _)| key)
            .collect::<Vec<_>>();
        let (told, policies) = self
            .handle
            .with_chitchat(|chitchat| {
                for key in &old {
                    chitchat.self_node_state().delete(key);
                }
                let states = || chitchat.node_states().values();
                let keys = states().flat_map(codec::keys_of);
                let policies = codec::read(states().flat_map(codec::policies_of));
                (keys.collect::<BTreeSet<_>>(), policies)
            })
            .await;
        // One that came before its time was refused, and is not told again.
        self.node.hear(policies);
        self.meet().await;
        self.node.forget(|key| told.contains(key));
    }
}

/// Intervals are sampled a few at a time around a firm prior, so that chatty
/// peers do not make a node impatient: it is given up after 1.4 to 1.9 seconds.
fn config(id: ChitchatId, place: Place) -> ChitchatConfig {
    ChitchatConfig {
        chitchat_id: id,
        cluster_id: place.mesh,
        gossip_interval: ROUND,
        listen_addr: place.listen,
        seed_nodes: place.seeds,
        failure_detector_config: FailureDetectorConfig {
            phi_threshold: 9.0,
            sampling_window_size: 3,
            max_interval: Duration::from_secs(1),
            initial_interval: Duration::from_millis(240),
            dead_node_grace_period: REMEMBERED,
        },
        marked_for_deletion_grace_period: REMEMBERED,
        catchup_callback: None,
        extra_liveness_predicate: None,
    }
}
