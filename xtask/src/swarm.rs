//! The shop on a real Swarm: two nodes, each an engine in a network namespace of
//! its own, and everything `swarm/README.md` promises tried on them.

mod cluster;
mod shop;
mod story;
mod zones;

use std::path::PathBuf;

use cluster::Cluster;
use shop::Shop;

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Send visitors with this executable rather than the one in the images
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Deploys the shop with embedded stores, then with PostgreSQL and Redis, and
/// takes everything away again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let cluster = Cluster::start(options.sockshop.as_deref())?;
    let shop = Shop::deploy(&cluster, &["stack.yaml"])?;
    story::sell(&shop)?;
    zones::isolate(&shop)?;
    story::replace_a_killed_task(&shop)?;
    story::move_from_a_drained_node(&shop)?;
    story::update_without_a_failed_request(&shop)?;
    story::roll_back_a_bad_image(&shop)?;
    story::audit(&shop)?;
    shop.close()?;

    let shop = Shop::deploy(&cluster, &["stack.yaml", "data.yaml"])?;
    story::sell(&shop)?;
    story::spread(&shop)?;
    story::update_without_a_failed_request(&shop)?;
    story::audit(&shop)?;
    shop.close()
}
