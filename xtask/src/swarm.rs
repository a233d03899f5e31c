//! The shop on a real Swarm: two nodes, each an engine in namespaces of its own,
//! and everything `swarm/README.md` promises tried on them.

pub(crate) mod audit;
mod cluster;
mod load;
mod load_balancer;
mod node;
mod scenario;
mod shop;
mod zones;

use std::path::PathBuf;

use clap::ValueEnum;
use load_balancer::LoadBalancer;

pub(crate) use cluster::{Cluster, ERRORS};
pub(crate) use shop::Shop;

/// What keeps what is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stores {
    /// Files, with `stack.yaml` alone.
    Files,
    /// PostgreSQL and Redis, with `data.yaml` on top.
    Servers,
}

/// Options of the Swarm suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this static executable rather than building one
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Deploy with these stores, one after the other
    #[arg(long, value_enum, num_args = 1, default_values = ["files", "servers"])]
    stores: Vec<Stores>,
}

/// Deploys the shop with each kind of stores, and takes everything away again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let cluster = Cluster::start(options.sockshop.as_deref())?;
    for stores in &options.stores {
        match stores {
            Stores::Files => embedded(&cluster)?,
            Stores::Servers => with_servers(&cluster)?,
        }
    }
    cluster.end()
}

/// Everything once, on one node, with stores in files.
fn embedded(cluster: &Cluster) -> anyhow::Result<()> {
    let shop = Shop::deploy(cluster, &["stack.yaml"])?;
    scenario::sell(&shop, &shop.door())?;
    zones::isolate(&shop)?;
    scenario::replace_a_killed_task(&shop)?;
    scenario::update(&shop, &shop.door(), &scenario::BEHIND_THE_DOOR)?;
    scenario::roll_back(&shop, &shop.door(), "catalogue")?;
    scenario::run_beside(&shop)?;
    audit::must_be_clean(&shop, &shop.journal)?;
    shop.close()
}

/// Everything twice, on both nodes, with stores in servers.
fn with_servers(cluster: &Cluster) -> anyhow::Result<()> {
    let shop = Shop::deploy(cluster, &["stack.yaml", "data.yaml"])?;
    let load_balancer = LoadBalancer::open(cluster)?;
    scenario::sell(&shop, &load_balancer.url())?;
    scenario::update(&shop, &load_balancer.url(), &["front-end"])?;
    scenario::roll_back(&shop, &load_balancer.url(), "front-end")?;
    scenario::drain_a_node(&shop, &load_balancer.url())?;
    audit::must_be_clean(&shop, &shop.journal)?;
    shop.close()
}
