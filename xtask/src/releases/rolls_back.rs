//! Rollback scenario: every bad version is rolled back, and no request fails after that.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::load::Load;
use super::rollout::FIRST;
use super::{ScenarioContext, Target};
use crate::swarm;

/// How a canary goes here. What gets ready slowly may do so.
const PLAN: [&str; 6] = ["--steps", "20,50,100", "--window", "4s", "--requests", "40"];

/// A version, and a word of the reason why it is sent back.
const BAD: [(&str, &str, &str); 5] = [
    ("catalogue", "v2-slow", "took longer"),
    ("catalogue", "v2-errors", "failed"),
    ("catalogue", "v2-leak", "memory"),
    ("front-end", "v2-errors", "failed"),
    ("catalogue", "v2-slow-start", "not ready within"),
];

/// On a machine that is busy the new version may be slow by chance: what is bad for
/// another reason has to be sent back for that.
const NOT_FOR_TIME: &str = "[thresholds]\nslow = 1.0\n";

/// One after the other. Wrong totals stay in the books, so they come last. Where
/// instances take long to start, one version stands for all: the judge is the same.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    println!(
        "{:<12} {:<16} {:>8} {:>10}",
        "SERVICE", "VERSION", "SECONDS", "MET IT"
    );
    if context.env.target() == Target::Swarm {
        return sent_back(context, "catalogue", swarm::ERRORS, "failed");
    }
    for (service, version, reason) in BAD {
        sent_back(context, service, version, reason).with_context(|| version)?;
    }
    late(context)?;
    sent_back(context, "orders", "v2-wrong-total", "wrong")?;
    unseen(context)
}

/// It is sent back for `reason`, and then all is as it was.
fn sent_back(
    context: &ScenarioContext<'_>,
    service: &str,
    version: &str,
    reason: &str,
) -> anyhow::Result<()> {
    let load = Load::start(context, &format!("during-{service}-{version}"))?;
    let begun = Instant::now();
    let config = context.artefacts.join("not-for-time.toml");
    std::fs::write(&config, NOT_FOR_TIME)?;
    let config = config.display().to_string();
    let mut arguments = [&["canary", service, "--to", version][..], &PLAN[..]].concat();
    if version != "v2-slow" {
        arguments.extend(["--config", &config]);
    }
    if version == "v2-slow-start" {
        arguments.extend(["--ready", "3s"]);
    }
    let output = context.roll(&arguments)?;
    let seconds = begun.elapsed().as_secs();
    load.stop()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success(), "nobody noticed {version}");
    ensure!(
        said.contains(reason),
        "it was sent back for another reason: {said}"
    );
    let met = met(&String::from_utf8_lossy(&output.stdout)).context("no share is told")?;
    println!("{service:<12} {version:<16} {seconds:>8} {met:>10}");
    context.only(service, FIRST)?;
    afterwards(context, service, version)
}

/// Whoever comes now sees no error.
fn afterwards(context: &ScenarioContext<'_>, service: &str, version: &str) -> anyhow::Result<()> {
    let load = Load::start(context, &format!("after-{service}-{version}"))?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    load.stop()?.must_have_no_failures()
}

/// The share of the requests that met a version, as the command tells it.
fn met(said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.starts_with("back"))?;
    let (_, share) = line.split_once("; ")?;
    Some(share.split(" of ").next()?.to_owned())
}

/// What only takes long to start is waited for.
fn late(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start(context, "slow-start")?;
    let plan = ["--window", "2s", "--requests", "10", "--ready", "30s"];
    let to = ["blue-green", "catalogue", "--to", "v2-slow-start"];
    context.must_promote(&[&to[..], &plan].concat())?;
    context.only("catalogue", "v2-slow-start")?;
    load.stop_clean(context).map(drop)
}

/// A judge that does not look at orders lets wrong totals pass: so it is the
/// business check, and nothing else, that catches them. The auditor sees them.
fn unseen(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start(context, "unseen")?;
    let to = [
        "canary",
        "orders",
        "--to",
        "v2-wrong-total",
        "--no-business-check",
    ];
    let plan = ["--steps", "50,100", "--window", "3s", "--requests", "10"];
    context.must_promote(&[&to[..], &plan].concat())?;
    load.stop()?;
    let audit = context.env.command(&["audit", "--json"]).output()?;
    let audit: Value = serde_json::from_slice(&audit.stdout).context("no audit")?;
    ensure!(
        audit["ok"] == false,
        "the auditor does not see the wrong totals either"
    );
    println!("orders       v2-wrong-total   passes a judge without the business check");
    Ok(())
}
