//! Good versions: blue/green and then canary of every service, and nobody notices.

use super::Scenario;
use super::load::Load;
use super::rollout::FIRST;

/// Short, for a machine that has nothing else to do.
const BLUE_GREEN: [&str; 4] = ["--window", "3s", "--requests", "10"];
const CANARY: [&str; 6] = ["--steps", "25,50,100", "--window", "2s", "--requests", "5"];

/// Some at a time: releases of different services do not wait for each other.
pub(super) fn tell(stage: &Scenario<'_>) -> anyhow::Result<()> {
    let crowd = Load::enter(stage, "shoppers")?;
    for some in stage.ground.services().chunks(stage.ground.at_once()) {
        std::thread::scope(|scope| {
            let all: Vec<_> = some
                .iter()
                .map(|service| scope.spawn(|| twice(stage, service)))
                .collect();
            all.into_iter().try_for_each(|one| {
                one.join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a story broke off")))
            })
        })?;
    }
    let report = crowd.end_content(stage)?;
    println!(
        "{} releases, {} requests, {} failed",
        stage.ground.services().len() * 2,
        report.requests,
        report.failed
    );
    Ok(())
}

/// First to `v2`, then back to the first.
fn twice(stage: &Scenario<'_>, service: &str) -> anyhow::Result<()> {
    stage.must_promote(&[&["blue-green", service, "--to", "v2"][..], &BLUE_GREEN[..]].concat())?;
    stage.only(service, "v2")?;
    stage.must_promote(&[&["canary", service, "--to", FIRST][..], &CANARY[..]].concat())?;
    stage.only(service, FIRST)
}
