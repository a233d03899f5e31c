//! Settings of a mesh node.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use chassis::announce::leads_to;

use crate::gossip::Place;

/// An address of no host (RFC 5737): to find the address that leads out of here.
const OUTSIDE: &str = "192.0.2.1:9";

/// Settings of a mesh node.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "meshd",
    version,
    about = "Lets services find each other, by DNS"
)]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Port for DNS, UDP and TCP.
    #[arg(long, env, default_value_t = 8053)]
    pub dns_port: u16,

    /// Port for gossip with the other nodes, UDP.
    #[arg(long, env, default_value_t = 7946)]
    pub gossip_port: u16,

    /// Other nodes' gossip, as host:port, separated by commas: one that is up is enough.
    #[arg(long, env = "MESH_JOIN", value_delimiter = ',')]
    pub join: Vec<String>,

    /// DNS to ask for names of other domains, as address:port, separated by commas. Without one they are refused.
    #[arg(long, env = "MESH_FORWARD", value_delimiter = ',')]
    pub forward: Vec<SocketAddr>,

    /// File that policies are kept in. Without one they last as long as the mesh.
    #[arg(long, env)]
    pub policy_file: Option<PathBuf>,
}

impl Config {
    /// Refuses to be heard beyond this machine without a key.
    pub fn check(&self) -> anyhow::Result<()> {
        let bind = self.common.bind;
        ensure!(
            bind.is_loopback() || self.common.announcing.mesh_key.is_some(),
            "without MESH_KEY a mesh node listens on loopback addresses only, and {bind} is none"
        );
        Ok(())
    }

    /// The domain names end in.
    #[must_use]
    pub fn domain(&self) -> &str {
        let domain = self.common.discovery.domain.as_deref();
        domain.unwrap_or("weave.local").trim_matches('.')
    }

    /// Where and with whom to gossip.
    pub(crate) async fn place(&self) -> anyhow::Result<Place> {
        let seeds = self.join.iter().map(|seed| seed.trim().to_owned());
        let seeds: Vec<String> = seeds.filter(|seed| !seed.is_empty()).collect();
        let advertise = self.address(&seeds).await?;
        Ok(Place {
            mesh: self.domain().to_ascii_lowercase(),
            listen: SocketAddr::new(self.common.bind, self.gossip_port),
            advertise: SocketAddr::new(advertise, self.gossip_port),
            seeds,
        })
    }

    /// The address others reach this node at.
    async fn address(&self, seeds: &[String]) -> anyhow::Result<IpAddr> {
        if let Some(advertise) = self.common.announcing.advertise {
            return advertise.address().await;
        }
        if !self.common.bind.is_unspecified() {
            return Ok(self.common.bind);
        }
        for target in seeds.iter().map(String::as_str).chain([OUTSIDE]) {
            if let Ok(address) = leads_to(target).await {
                return Ok(address);
            }
        }
        None.context("no way out of this host: set ADVERTISE_ADDRESS")
    }
}
