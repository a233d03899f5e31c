//! Requests are shared out as planned, of every service that is called. (A
//! queue-master calls others, so no weight can steer it. Of the front-end visitors
//! are shared out, and not their requests: see `visitors.rs`.)

use anyhow::{Context, ensure};
use serde_json::Value;

use super::ScenarioContext;
use super::load::Load;

/// Those who are asked most.
const ASKED: [&str; 2] = ["catalogue", "carts"];

/// The share that is measured, in percent.
const SHARE: u8 = 30;

/// Many visitors each second: with few, chance is larger than what is measured.
const RATE: &str = "10";

/// Points it may be off, besides what chance explains.
const POINTS: f64 = 2.0;

/// Old names are forgotten by then.
const SETTLED_MS: i64 = 1500;

/// One after the other, so that each is watched alone.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start_at(context, "shoppers", RATE)?;
    for service in ASKED {
        let plan = ["--steps", "30,100", "--window", "20s", "--requests", "50"];
        context.must_promote(&[&["canary", service, "--to", "v2"][..], &plan[..]].concat())?;
        let (new, all) = count(&context.verdicts(service)?)?;
        as_planned(service, new, all, SHARE)?;
    }
    load.stop_clean(context).map(drop)
}

/// Fails when `new` of `all` is further from `planned` percent than chance explains.
pub(super) fn as_planned(service: &str, new: f64, all: f64, planned: u8) -> anyhow::Result<()> {
    let (percent, planned) = (new * 100.0 / all, f64::from(planned));
    println!("{service:<12} {percent:.1} % of {all}, {planned} % planned");
    let chance = 3.0 * (planned * (100.0 - planned) / all).sqrt();
    ensure!(
        (percent - planned).abs() <= POINTS + chance,
        "{service} got {percent:.1} % instead of {planned} %"
    );
    Ok(())
}

/// Requests to the new version, and to both, while the share was `SHARE`.
fn count(verdicts: &[Value]) -> anyhow::Result<(f64, f64)> {
    let step: Vec<&Value> = verdicts
        .iter()
        .filter(|line| line["percent"] == SHARE)
        .collect();
    let at = |line: &Value| line["at_ms"].as_i64().unwrap_or_default();
    let begun = step.first().map(|line| at(line)).context("no verdicts")?;
    let settled = step.iter().find(|line| at(line) >= begun + SETTLED_MS);
    let (first, last) = settled.zip(step.last()).context("too few verdicts")?;
    let did = |version: &str| {
        let requests = |line: &Value| line["evidence"][version]["requests"].as_f64();
        Some(requests(last)? - requests(first)?)
    };
    let (new, old) = did("new").zip(did("old")).context("no requests")?;
    ensure!(new + old > 100.0, "{} requests are too few", new + old);
    Ok((new, new + old))
}
