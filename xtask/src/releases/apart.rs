//! A manager that runs no containers of the shop: all is asked by jobs.

use super::Scenario;
use super::env::TestEnv;
use super::load::Load;

/// Takes the mesh node off the manager, which has one after any deployment.
const APART: &str = "service update --quiet --no-resolve-image \
    --constraint-add node.role==worker sock-shop_meshd";

/// A look takes as long as a few jobs.
const PLAN: [&str; 4] = ["--window", "3s", "--requests", "10"];

/// A release with jobs is like any other, but slower.
pub(super) fn tell(stage: &Scenario<'_>) -> anyhow::Result<()> {
    let TestEnv::Swarm { shop, .. } = &stage.ground else {
        anyhow::bail!("only a Swarm has managers");
    };
    let crowd = Load::enter(stage, "shoppers")?;
    shop.manager()
        .read(&APART.split_whitespace().collect::<Vec<_>>())?;
    stage.must_promote(&[&["blue-green", "catalogue", "--to", "v2"][..], &PLAN].concat())?;
    stage.only("catalogue", "v2")?;
    let report = crowd.end_content(stage)?;
    println!(
        "a release by jobs, {} requests, {} failed",
        report.requests, report.failed
    );
    for node in &shop.cluster.nodes {
        node.read(&["container", "prune", "--force"])?;
    }
    Ok(())
}
