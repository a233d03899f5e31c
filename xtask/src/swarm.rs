//! The shop on a real Swarm: two nodes, each an engine in namespaces of its own,
//! and everything `swarm/README.md` promises tried on them.

mod audit;
mod cluster;
mod crowd;
mod gate;
mod node;
mod shop;
mod story;
mod zones;

use std::path::PathBuf;

use cluster::Cluster;
use gate::Gate;
use shop::Shop;

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this static executable rather than building one
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Deploy with PostgreSQL and Redis too, and empty a node
    #[arg(long)]
    servers: bool,
}

/// Deploys the shop with embedded stores, then, when asked, with PostgreSQL and
/// Redis, and takes everything away again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let cluster = Cluster::start(options.sockshop.as_deref())?;
    embedded(&cluster)?;
    if options.servers {
        with_servers(&cluster)?;
    }
    cluster.end()
}

/// Everything once, on one node, with stores in files.
fn embedded(cluster: &Cluster) -> anyhow::Result<()> {
    let shop = Shop::deploy(cluster, &["stack.yaml"])?;
    story::sell(&shop, &shop.door())?;
    zones::isolate(&shop)?;
    story::replace_a_killed_task(&shop)?;
    story::update(&shop, &shop.door(), &story::BEHIND_THE_DOOR)?;
    story::roll_back(&shop, &shop.door(), "catalogue")?;
    story::run_beside(&shop)?;
    audit::must_be_clean(&shop)?;
    shop.close()
}

/// Everything twice, on both nodes, with stores in servers.
fn with_servers(cluster: &Cluster) -> anyhow::Result<()> {
    let shop = Shop::deploy(cluster, &["stack.yaml", "data.yaml"])?;
    let gate = Gate::open(cluster)?;
    story::sell(&shop, &gate.url())?;
    story::update(&shop, &gate.url(), &["front-end"])?;
    story::roll_back(&shop, &gate.url(), "front-end")?;
    story::drain_a_node(&shop, &gate.url())?;
    audit::must_be_clean(&shop)?;
    shop.close()
}
