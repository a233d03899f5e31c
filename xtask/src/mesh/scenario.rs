//! Scenarios across hosts: forged and replayed datagrams, network partition, rejoin.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::hosts::{Host, Hosts};
use crate::sh::{self, Running};
use crate::wait::until;

/// Much longer than the mesh needs to notice a cut or to mend, on any machine.
const CONVERGENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// The original's host names.
const NAMES: [&str; 6] = [
    "catalogue",
    "carts",
    "orders",
    "user",
    "payment",
    "shipping",
];

/// Where the front-end is.
const DOOR: &str = "http://10.78.0.2:8083";

/// Shoppers buy, and nobody is sent away.
pub(super) fn sell(hosts: &Hosts) -> anyhow::Result<()> {
    let mut load = hosts.all[2].run(&hosts.sockshop.to_string_lossy());
    load.args(["load", "--json", "--profile", "shopper", "--users", "5"]);
    load.args(["--duration", "8s", "--think", "100ms", "--url", DOOR]);
    let summary: Value = serde_json::from_str(&sh::read(load.stderr(Stdio::null()))?)?;
    let orders = summary["orders"]["acknowledged"].as_u64();
    ensure!(summary["failed"] == 0, "requests failed: {summary}");
    ensure!(
        orders.is_some_and(|orders| orders > 0),
        "nothing was bought: {summary}"
    );
    println!(
        "sold across hosts: {} requests, {} orders, none failed",
        summary["requests"],
        orders.unwrap_or_default()
    );
    Ok(())
}

/// The system's resolver, pointed at a mesh node, finds the shop under the
/// names the original's programs know.
pub(super) fn names_for_programs_that_know_no_mesh(hosts: &Hosts) -> anyhow::Result<()> {
    for host in &hosts.all {
        for name in NAMES {
            let found = sh::read(host.run("getent").args(["ahostsv4", name]))?;
            let address = found.split_whitespace().next().unwrap_or_default();
            let known = hosts.all.iter().any(|host| host.address == address);
            ensure!(known, "{name} is {address:?} on {}", host.name);
        }
        let both = host.dig("catalogue", "A")?;
        ensure!(
            both == ["10.78.0.1", "10.78.0.3"],
            "catalogue is at {both:?}"
        );
    }
    let list = "http://carts:8081/carts/nobody/items";
    let mut ask = hosts.all[0].run("curl");
    let answer = sh::read(ask.args(["--silent", "--fail", "--max-time", "5", list]))?;
    ensure!(answer == "[]", "carts answers {answer}");
    println!("getent, dig and curl find the original's names on every host");
    Ok(())
}

/// Noise, and a mesh with another key, change nothing and are counted.
pub(super) fn strangers_are_not_heard(hosts: &Hosts) -> anyhow::Result<()> {
    let [first, second, ..] = &*hosts.all else {
        return Ok(());
    };
    let before = dropped(first, "")?;
    let noise = format!("head -c 700 /dev/urandom >/dev/udp/{}/7946", first.address);
    sh::read(second.run("bash").args(["-c", &noise]))?;
    let mut stranger = second.run(&hosts.sockshop.to_string_lossy());
    stranger.args(["serve", "meshd"]).stderr(Stdio::null());
    for (name, value) in [
        ("BIND_ADDRESS", &*second.address),
        ("PORT", "8180"),
        ("ADMIN_PORT", "9190"),
        ("DNS_PORT", "8153"),
        ("GOSSIP_PORT", "7999"),
        ("INSTANCE", "stranger"),
        ("MESH_JOIN", "10.78.0.1:7946"),
        ("MESH_KEY", "the key of quite another mesh, alas"),
    ] {
        stranger.env(name, value);
    }
    let stranger = Running::start(&mut stranger)?;
    let heard = until(
        "datagrams of strangers to be dropped",
        CONVERGENCE_TIMEOUT,
        || {
            let dropped = dropped(first, "").ok()? - before;
            (dropped >= 3).then_some(dropped)
        },
    )?;
    drop(stranger);
    let state = first.state()?.to_string();
    ensure!(
        !state.contains("stranger"),
        "the stranger was let in: {state}"
    );
    println!("{heard} datagrams of strangers were dropped and counted");
    Ok(())
}

/// A datagram of a mesh node, overheard and sent again by somebody else, is
/// not taken a second time.
pub(super) fn replays_are_not_taken(hosts: &Hosts) -> anyhow::Result<()> {
    let [first, second, ..] = &*hosts.all else {
        return Ok(());
    };
    let overheard = hosts.folder.path().join("overheard");
    first.overhear(&overheard)?;
    let before = dropped(first, "replay")?;
    let again = format!(
        "for n in 1 2 3; do cat {} >/dev/udp/{}/7946; done",
        overheard.display(),
        first.address
    );
    sh::read(second.run("bash").args(["-c", &again]))?;
    let count = until("replays to be dropped", CONVERGENCE_TIMEOUT, || {
        let dropped = dropped(first, "replay").ok()? - before;
        (dropped >= 3).then_some(dropped)
    })?;
    println!("{count} replays of an overheard datagram were dropped and counted");
    Ok(())
}

/// How many datagrams `host` has dropped for `reason`, or at all.
fn dropped(host: &Host, reason: &str) -> anyhow::Result<u64> {
    let metrics = host.admin("/metrics")?;
    let lines = metrics.lines();
    let counts = lines.filter(|line| line.starts_with("mesh_datagrams_dropped_total"));
    let counts = counts.filter(|line| line.contains(reason));
    let counts = counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    Ok(counts.sum())
}

/// A host is cut off: nobody answers for it any more, nor it for others. Then
/// it is back, and all know the same.
pub(super) fn cut_and_join(hosts: &Hosts) -> anyhow::Result<()> {
    let (cut, rest) = hosts.all.split_last().context("no hosts")?;
    cut.plug("down")?;
    let begun = Instant::now();
    for host in rest {
        until("the lost host's names to go", CONVERGENCE_TIMEOUT, || {
            let gone = host.dig("orders", "A").ok()?.is_empty();
            let one = host.dig("catalogue", "A").ok()? == ["10.78.0.1"];
            (gone && one).then_some(())
        })?;
    }
    until(
        "the lost host to know itself only",
        CONVERGENCE_TIMEOUT,
        || {
            let gone = cut.dig("carts", "A").ok()?.is_empty();
            let own = cut.dig("catalogue", "A").ok()? == ["10.78.0.3"];
            (gone && own).then_some(())
        },
    )?;
    println!(
        "cut: both sides answer only for their own after {:.1?}",
        begun.elapsed()
    );

    cut.plug("up")?;
    let begun = Instant::now();
    hosts.settle()?;
    for host in rest {
        until("all to know the same", CONVERGENCE_TIMEOUT, || {
            (host.serving().ok()? == cut.serving().ok()?).then_some(())
        })?;
    }
    println!("joined: all know the same after {:.1?}", begun.elapsed());
    Ok(())
}
