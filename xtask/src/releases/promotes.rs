//! Promotion scenario: blue/green, then canary of every service, without a failed request.

use super::ScenarioContext;
use super::load::Load;
use super::rollout::FIRST;

/// Short, for a machine that has nothing else to do.
const BLUE_GREEN: [&str; 4] = ["--window", "3s", "--requests", "10"];
const CANARY: [&str; 6] = ["--steps", "25,50,100", "--window", "2s", "--requests", "5"];

/// Some at a time: releases of different services do not wait for each other.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start(context, "shoppers")?;
    for some in context.env.services().chunks(context.env.at_once()) {
        std::thread::scope(|scope| {
            let all: Vec<_> = some
                .iter()
                .map(|service| scope.spawn(|| twice(context, service)))
                .collect();
            all.into_iter().try_for_each(|one| {
                one.join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a scenario broke off")))
            })
        })?;
    }
    let report = load.stop_clean(context)?;
    println!(
        "{} releases, {} requests, {} failed",
        context.env.services().len() * 2,
        report.requests,
        report.failed
    );
    Ok(())
}

/// First to `v2`, then back to the first.
fn twice(context: &ScenarioContext<'_>, service: &str) -> anyhow::Result<()> {
    context
        .must_promote(&[&["blue-green", service, "--to", "v2"][..], &BLUE_GREEN[..]].concat())?;
    context.only(service, "v2")?;
    context.must_promote(&[&["canary", service, "--to", FIRST][..], &CANARY[..]].concat())?;
    context.only(service, FIRST)
}
