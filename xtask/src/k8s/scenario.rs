//! Scenarios in which the overlays' containers run.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::Calls;
use super::cluster::{Cluster, joined, seconds, wanted};
use super::objects::Objects;
use crate::sh;

/// What a cache of the cluster's DNS keeps at most.
const STALE: Duration = Duration::from_secs(30);

/// The demo comes up in any order, sells, is called along the edges that the
/// code declares and no others, and ends in time.
pub(super) fn demo(objects: &Objects, calls: &Calls, binary: &Path) -> anyhow::Result<()> {
    let mut cluster = Cluster::new(objects, 77, Duration::from_secs(5))?;
    let begun = Instant::now();
    for pods in objects.pods() {
        cluster.start(pods.name())?;
    }
    cluster.wait()?;
    println!(
        "demo: {} pods ready in {}",
        objects.pods().len(),
        seconds(begun)
    );
    let visits = Visits::new("demo", binary)?;
    visits.send(&cluster, "5s")?.ended()?;
    visits.audit(&cluster)?;
    cluster.agree(calls)?;
    let slowest = cluster.close()?;
    println!("demo: all pods ended by themselves, the slowest in {slowest:.1?}");
    Ok(())
}

/// The standard shop starts before its stores do, and every service in it is
/// replaced, and replaced again, while people buy and the DNS is half a minute late.
pub(super) fn standard(objects: &Objects, binary: &Path) -> anyhow::Result<()> {
    let mut cluster = Cluster::new(objects, 78, STALE)?;
    let begun = Instant::now();
    let (stores, shop): (Vec<_>, Vec<_>) = objects
        .pods()
        .into_iter()
        .partition(|pods| pods.owner["kind"] == "StatefulSet");
    for pods in shop.iter().chain(&stores) {
        for _ in 0..wanted(objects, *pods) {
            cluster.start(pods.name())?;
        }
    }
    cluster.wait()?;
    cluster.wait_until_whole()?;
    println!("standard: ready in {}", seconds(begun));
    let visits = Visits::new("standard", binary)?;
    let running = visits.send(&cluster, "50s")?;
    let mut ending = Vec::new();
    for pods in &shop {
        ending.extend(cluster.roll(pods.name())?);
    }
    println!(
        "standard: every pod replaced {} after the start",
        seconds(begun)
    );
    for one in ending {
        joined(one)?;
    }
    running.ended()?;
    visits.audit(&cluster)
}

/// Background load on the front-end.
struct Visits<'a> {
    binary: &'a Path,
    journal: String,
    report: String,
}

/// Those who are on their way.
struct Running(std::process::Child, String);

impl<'a> Visits<'a> {
    fn new(name: &str, binary: &'a Path) -> anyhow::Result<Self> {
        let artefacts = sh::root().join("artefacts/k8s");
        let file = |end| {
            let path = artefacts.join(format!("{name}.{end}"));
            anyhow::Ok(path.to_str().context("a path that is no text")?.to_owned())
        };
        Ok(Self {
            binary,
            journal: file("journal.jsonl")?,
            report: file("html")?,
        })
    }

    /// Sends visitors for so long; no request of theirs may fail.
    fn send(&self, cluster: &Cluster<'_>, duration: &str) -> anyhow::Result<Running> {
        let url = cluster.url();
        let mut load = Command::new(self.binary);
        load.args([
            "load",
            "--profile",
            "shopper",
            "--users",
            "8",
            "--think",
            "150ms",
            "--url",
            &url,
        ]);
        load.args(["--duration", duration, "--max-error-rate", "0%"]);
        load.args(["--journal", &self.journal, "--report", &self.report]);
        Ok(Running(load.spawn().context("nobody comes")?, url))
    }

    /// Every order they were told of is there, paid once, and on its way.
    fn audit(&self, cluster: &Cluster<'_>) -> anyhow::Result<()> {
        let orders = std::fs::read_to_string(&self.journal)?.lines().count();
        ensure!(orders > 0, "nobody bought anything");
        let mut audit = Command::new(self.binary);
        audit.args(["audit", "--journal", &self.journal]);
        for service in ["orders", "payment", "shipping"] {
            audit
                .arg(format!("--{service}-url"))
                .arg(cluster.urls(service));
        }
        sh::run(&mut audit)
    }
}

impl Running {
    fn ended(mut self) -> anyhow::Result<()> {
        let status = self.0.wait()?;
        ensure!(status.success(), "requests to {} failed", self.1);
        Ok(())
    }
}
