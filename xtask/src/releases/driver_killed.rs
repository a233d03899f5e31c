//! The command is killed in every phase; another process sees what was left,
//! and ends it: one version, and no request failed.

use anyhow::{Context, ensure};
use serde_json::Value;

use super::load::Load;
use super::rollout::FIRST;
use super::{ScenarioContext, Target};
use crate::{interrupted, sh};

/// What the command says at the start of a phase, and what it was to release then.
const PHASES: [(&str, &str); 7] = [
    ("plan", "v2"),
    ("start", "v2-slow-start"),
    ("ready", "v2"),
    ("smoke", "v2"),
    ("shift", "v2"),
    ("judge", "v2"),
    ("shift    100", "v2"),
];

const PLAN: [&str; 6] = ["--steps", "50,100", "--window", "1s", "--requests", "1"];

/// Each phase once, with `abort`, or one of the middle where instances take long
/// to start; that one also with `promote`.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start(context, "shoppers")?;
    let phases = match context.env.target() {
        Target::Local => &PHASES[..],
        Target::Swarm => &PHASES[5..6],
    };
    for (phase, to) in phases {
        left_in(context, phase, to).with_context(|| format!("killed at `{phase}`"))?;
        let said = context.roll(&["abort", "catalogue"])?;
        ensure!(
            said.status.success(),
            "it cannot be aborted: {}",
            String::from_utf8_lossy(&said.stderr)
        );
        context.only("catalogue", FIRST)?;
        println!("killed at {phase:<14} aborted from elsewhere, {FIRST} alone");
    }
    forgotten(context)?;
    left_in(context, "judge", "v2")?;
    let said = context.roll(&["promote", "catalogue"])?;
    ensure!(said.status.success(), "it cannot be promoted");
    context.only("catalogue", "v2")?;
    println!("killed at judge          promoted from elsewhere, v2 alone");
    if context.env.target() == Target::Swarm {
        let release = |words: &[&str]| context.release(words);
        let only = |version: &str| context.only("catalogue", version);
        interrupted::at_every_change("docker", ["v2", FIRST], release, only)?;
    }
    load.stop_clean(context).map(drop)
}

/// Also what nobody remembers is seen, and can be ended by who knows what is to stay.
fn forgotten(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    left_in(context, "judge", "v2")?;
    std::fs::remove_dir_all(context.env.records())?;
    let status = sh::read(&mut context.release(&["status"]))?;
    ensure!(
        status.contains("--keep VERSION"),
        "it is not found: {status}"
    );
    let refused = context.release(&["abort", "catalogue"]).output()?;
    ensure!(!refused.status.success(), "it guesses which version stays");
    let said = context.roll(&["abort", "catalogue", "--keep", FIRST])?;
    ensure!(said.status.success(), "it cannot be aborted");
    context.only("catalogue", FIRST)?;
    println!("forgotten                found and aborted, {FIRST} alone");
    Ok(())
}

/// Begins a canary, kills the command in `phase`, and sees that others notice.
fn left_in(context: &ScenarioContext<'_>, phase: &str, to: &str) -> anyhow::Result<()> {
    let arguments = [&["canary", "catalogue", "--to", to][..], &PLAN[..]].concat();
    context.kill_at(&arguments, phase)?;
    let status = context.release(&["status", "--json"]).output()?;
    let rows: Value = serde_json::from_slice(&status.stdout)?;
    let row = &rows[0];
    ensure!(
        row["service"] == "catalogue" && row["to"] == to && row["driven"] == false,
        "status does not tell what was left: {rows}"
    );
    Ok(())
}
