//! Being found: one stream to a mesh node, held for as long as the process
//! serves. The stream is the lease, so a killed process is gone from DNS at once.

mod advertise;
mod credential;
mod key;
mod name;
mod token;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::stream;
use proto::mesh::{Announcement, Lease, Phase};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};
use tonic::Streaming;

use crate::admin::Check;
use crate::{Settings, Shutdown, clock};

pub use advertise::Advertise;
pub use credential::Credential;
pub use key::MeshKey;
pub use name::canonical;
pub use token::{Token, Trusted, shown};

/// How often an announcement is renewed.
const RENEW: Duration = Duration::from_millis(500);

/// A mesh node that says nothing for this long is left for another.
const SILENCE: Duration = Duration::from_millis(1500);

/// The pause after no mesh node took the announcement, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How others find this process.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Mesh")]
pub struct Announcing {
    /// Mesh nodes to announce this process to, as host:port, separated by commas. Without one it is not announced.
    #[arg(long, env, value_delimiter = ',')]
    pub mesh: Vec<String>,

    /// Secret shared by the mesh nodes, such as 32 random hex digits. Services need only their credential.
    #[arg(long, env, hide_env_values = true)]
    pub mesh_key: Option<MeshKey>,

    /// What shows the mesh which service this is, as `sockshop mesh credential` derives it from the key.
    #[arg(long, env, hide_env_values = true)]
    pub mesh_credential: Option<Credential>,

    /// Address others reach this process at, or the network it is in, such as 10.77.1.0/24. The one it listens on, or the one that leads to the mesh.
    #[arg(long, env = "ADVERTISE_ADDRESS")]
    pub advertise: Option<Advertise>,
}

impl Announcing {
    /// The mesh key. Without one, that of a mesh that keeps to one machine.
    #[must_use]
    pub fn key(&self) -> MeshKey {
        self.mesh_key.clone().unwrap_or_default()
    }

    /// The token to announce with: that of the credential, or else of the key.
    fn token(&self) -> anyhow::Result<Token> {
        match &self.mesh_credential {
            Some(credential) => credential.token(),
            None => self.key().token(),
        }
    }
}

/// Keeps this process announced until dropped.
pub(crate) struct Announced(#[expect(dead_code, reason = "its end ends the tasks")] JoinSet<()>);

/// Announces the process called `service`, listening on `port`, when the
/// settings name a mesh: as starting until all `checks` pass, then as serving,
/// and as draining once `shutdown` says so.
pub(crate) fn start(
    settings: &Settings,
    (service, port): (&'static str, u16),
    checks: Vec<Check>,
    shutdown: Shutdown,
) -> Option<Announced> {
    let nodes = settings.announcing.mesh.iter().map(|node| node.trim());
    let nodes: Vec<_> = nodes
        .filter(|node| !node.is_empty())
        .map(str::to_owned)
        .collect();
    if nodes.is_empty() {
        return None;
    }
    let token = settings.announcing.token();
    let token = token
        .inspect_err(|error| tracing::error!(%error, "not announced"))
        .ok()?;
    let announcer = Announcer {
        nodes,
        token,
        advertise: settings.announcing.advertise,
        bind: settings.bind,
        myself: Announcement {
            service: service.to_owned(),
            version: settings.version.clone(),
            instance: settings.instance(),
            port: port.into(),
            incarnation: rand::random_range(1..=u64::MAX),
            ..Announcement::default()
        },
    };
    let (phase, phases) = watch::channel(Phase::Starting);
    let mut tasks = JoinSet::new();
    tasks.spawn(follow(checks, shutdown, phase));
    tasks.spawn(announcer.run(phases));
    Some(Announced(tasks))
}

/// Tells how far the process is.
async fn follow(checks: Vec<Check>, shutdown: Shutdown, phase: watch::Sender<Phase>) {
    let mut pause = Duration::from_millis(10);
    for check in checks {
        while !check.lets_serve().await && !shutdown.is_draining() {
            sleep(pause).await;
            pause = (pause * 2).min(RENEW);
        }
    }
    phase.send_replace(Phase::Serving);
    shutdown.draining().await;
    phase.send_replace(Phase::Draining);
    phase.closed().await;
}

struct Announcer {
    nodes: Vec<String>,
    token: Token,
    advertise: Option<Advertise>,
    bind: IpAddr,
    myself: Announcement,
}

impl Announcer {
    /// Announces to one node after another, and to the next one at once when
    /// the present one is lost.
    async fn run(self, mut phases: watch::Receiver<Phase>) {
        let start: usize = rand::random_range(0..self.nodes.len());
        let mut pause = PAUSES.0;
        for (tries, node) in self.nodes.iter().cycle().skip(start).enumerate() {
            let mut held = false;
            let Err(error) = self.announce_to(node, &mut phases, &mut held).await else {
                return;
            };
            tracing::warn!(node, error = %format!("{error:#}"), held, "not announced here any more");
            if held {
                pause = PAUSES.0;
            } else if (tries + 1) % self.nodes.len() == 0 {
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }

    /// Holds a lease at `node`. Returns when nothing is left to announce, and
    /// fails when the lease is lost.
    async fn announce_to(
        &self,
        node: &str,
        phases: &mut watch::Receiver<Phase>,
        held: &mut bool,
    ) -> anyhow::Result<()> {
        let address = self.address(node).await?;
        let say = |phase: Phase| Announcement {
            address: address.to_string(),
            phase: phase.into(),
            epoch: clock::now_ms().unsigned_abs(),
            ..self.myself.clone()
        };
        let phase = *phases.borrow_and_update();
        let (speaker, mut leases) = self.open(node, say(phase)).await?;
        let mut renewals = interval(RENEW);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                lease = leases.message() => {
                    let lease = lease?.context("it ended the lease")?;
                    if !std::mem::replace(held, true) {
                        tracing::info!(node = lease.node, %address, "announced");
                    }
                    heard = Instant::now();
                }
                () = sleep_until(heard + SILENCE) => bail!("it is silent"),
                _ = renewals.tick() => speaker.try_send(say(*phases.borrow()))?,
                changed = phases.changed() => match changed {
                    Ok(()) => speaker.try_send(say(*phases.borrow_and_update()))?,
                    Err(_) => return Ok(()),
                },
            }
        }
    }

    async fn open(
        &self,
        node: &str,
        first: Announcement,
    ) -> anyhow::Result<(mpsc::Sender<Announcement>, Streaming<Lease>)> {
        let (speaker, spoken) = mpsc::channel(8);
        speaker.send(first).await?;
        let words = stream::unfold(spoken, |mut spoken| async {
            Some((spoken.recv().await?, spoken))
        });
        let mut client = self.token.client(node)?;
        let leases = timeout(SILENCE, client.announce(words)).await??;
        Ok((speaker, leases.into_inner()))
    }

    /// The address others reach us at: as the settings say, or the one we listen
    /// on, or when that is all of them the one that leads to `node`.
    async fn address(&self, node: &str) -> anyhow::Result<IpAddr> {
        if let Some(advertise) = self.advertise {
            return advertise.address().await;
        }
        if !self.bind.is_unspecified() {
            return Ok(self.bind);
        }
        leads_to(node)
            .await
            .with_context(|| format!("no way to {node}"))
    }
}

/// The address of ours that packets to `target`, host:port, leave from.
pub async fn leads_to(target: &str) -> anyhow::Result<IpAddr> {
    let mut targets = tokio::net::lookup_host(target).await?;
    let target = targets.next().context("it has no address")?;
    let any: IpAddr = match target.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = tokio::net::UdpSocket::bind((any, 0)).await?;
    socket.connect(target).await?;
    Ok(socket.local_addr()?.ip())
}
