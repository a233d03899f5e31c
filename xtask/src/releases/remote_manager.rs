//! Scenario with a Swarm manager that runs no containers of the shop: requests are sent by jobs.

use super::ScenarioContext;
use super::env::TestEnv;
use super::load::Load;

/// Takes the mesh node off the manager, which has one after any deployment.
const APART: &str = "service update --quiet --no-resolve-image \
    --constraint-add node.role==worker sock-shop_meshd";

/// A look takes as long as a few jobs.
const PLAN: [&str; 4] = ["--window", "3s", "--requests", "10"];

/// A release with jobs is like any other, but slower.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let TestEnv::Swarm { shop, .. } = &context.env else {
        anyhow::bail!("only a Swarm has managers");
    };
    let load = Load::start(context, "shoppers")?;
    shop.manager()
        .read(&APART.split_whitespace().collect::<Vec<_>>())?;
    context.must_promote(&[&["blue-green", "catalogue", "--to", "v2"][..], &PLAN].concat())?;
    context.only("catalogue", "v2")?;
    let report = load.stop_clean(context)?;
    println!(
        "a release by jobs, {} requests, {} failed",
        report.requests, report.failed
    );
    for node in &shop.cluster.nodes {
        node.read(&["container", "prune", "--force"])?;
    }
    Ok(())
}
