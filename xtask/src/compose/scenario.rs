//! Scenarios of the Compose files, overlay by overlay.

use std::path::Path;

use anyhow::ensure;

use super::memory;
use super::names;
use super::project::Project;

/// What all containers of the shop may take at rest, in bytes: the footprint
/// that is claimed for its processes.
const MEMORY: u64 = 64 << 20;

/// Long enough for every service to be asked hundreds of times.
const LOAD: &str = "10s";

/// The shop as it is: from nothing, with load, a death, and a closing in between.
pub(super) fn embedded(program: &Path, artefacts: &Path) -> anyhow::Result<()> {
    let shop = Project::new(program, None)?.with("LOAD_DURATION", LOAD);
    let took = shop.up()?;
    println!("from `up` to the first page: {:.1} s", took.as_secs_f64());
    shop.until_well()?;
    let memory = memory::measure(&shop)?;
    ensure!(
        memory <= MEMORY,
        "the shop takes more than {} MiB",
        MEMORY >> 20
    );
    shop.visit("load")?;
    shop.report(artefacts)?;
    names::edge(&shop)?;
    shop.kill("orders")?;
    shop.kill("meshd")?;
    last(shop)
}

/// With PostgreSQL and Redis, one of which dies.
pub(super) fn data(program: &Path) -> anyhow::Result<()> {
    let shop = Project::new(program, Some("data"))?.with("LOAD_DURATION", LOAD);
    shop.up()?;
    shop.until_well()?;
    memory::measure(&shop)?;
    shop.visit("load")?;
    shop.kill("orders-db")?;
    shop.kill("carts-db")?;
    last(shop)
}

/// Under the original's names, and speaking to each other as it did.
pub(super) fn original_names(program: &Path) -> anyhow::Result<()> {
    let shop = Project::new(program, Some("original-names"))?;
    let shop = shop.with("LOAD_DURATION", LOAD).with("UPSTREAMS", "rest");
    shop.up()?;
    shop.until_well()?;
    names::original(&shop)?;
    shop.close()
}

/// Nothing a visitor was told is lost by what came before, nor by closing and
/// opening again; and closing for good leaves nothing.
fn last(shop: Project<'_>) -> anyhow::Result<()> {
    shop.visit("load")?;
    shop.visit("audit")?;
    shop.down()?;
    shop.up()?;
    shop.until_well()?;
    shop.visit("audit")?;
    shop.close()
}
