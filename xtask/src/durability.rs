//! No order is lost: a shop of two instances each, shoppers, a storm that hits
//! an instance every two seconds, and then the audit.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::{sh, stores};

/// What a shop is made of, and how many of each there are.
const SERVICES: [&str; 8] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
];

/// How many orders, and under what circumstances.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Orders that must be acknowledged
    #[arg(long, default_value_t = 1000)]
    orders: u64,

    /// Shoppers that arrive each second
    #[arg(long, default_value = "10")]
    rate: String,

    /// Decides what shoppers do and whom the storm hits
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Runs it all; fails when a promise is broken.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.sockshop {
        Some(binary) => std::path::absolute(binary)?,
        None => sh::release()?,
    };
    let artefacts = sh::artefacts("durability")?;
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&binary, &folder.path().join("shop"))?;
    let storm = Storm::begin(&shop, options.seed, &artefacts)?;
    let load = load(&shop, options, &artefacts);
    storm.end()?;
    let load = load?;
    let audit = audit(&shop, &artefacts);
    report(options, &load, &audit?)
}

/// A shop with two instances of everything, closed when this is dropped.
struct Shop<'a> {
    binary: &'a Path,
    data: PathBuf,
}

impl<'a> Shop<'a> {
    fn open(binary: &'a Path, data: &Path) -> anyhow::Result<Self> {
        let shop = Self {
            binary,
            data: data.to_owned(),
        };
        let port = stores::free_port()?.to_string();
        let mut up = shop.command(&["up", "--detach", "--port", &port]);
        for service in SERVICES {
            up.args(["--scale", &format!("{service}=2")]);
        }
        sh::run(&mut up)?;
        Ok(shop)
    }

    /// `sockshop` with these arguments, about this shop.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(arguments).arg("--data").arg(&self.data);
        command
    }
}

impl Drop for Shop<'_> {
    fn drop(&mut self) {
        _ = self.command(&["down"]).status();
    }
}

/// A storm over a shop, for as long as there is load.
struct Storm(Child);

impl Storm {
    fn begin(shop: &Shop<'_>, seed: u64, artefacts: &Path) -> anyhow::Result<Self> {
        let mut storm = shop.command(&["chaos", "storm", "--every", "2s", "--duration", "24h"]);
        storm.args(["--seed", &seed.to_string(), "--timeline"]);
        storm.arg(artefacts.join("storm.jsonl"));
        let child = storm.stdout(Stdio::null()).spawn();
        Ok(Self(child.context("no storm begins")?))
    }

    /// Ends it, and returns once the shop is whole.
    fn end(mut self) -> anyhow::Result<()> {
        sh::run(Command::new("kill").args(["-INT", &self.0.id().to_string()]))?;
        let status = self.0.wait()?;
        ensure!(status.success(), "the storm left the shop broken");
        Ok(())
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            _ = Command::new("kill").arg(self.0.id().to_string()).status();
            _ = self.0.wait();
        }
    }
}

/// Lets shoppers in until enough orders are acknowledged.
fn load(shop: &Shop<'_>, options: &Options, artefacts: &Path) -> anyhow::Result<Value> {
    let mut load = shop.command(&[
        "load",
        "--profile",
        "shopper",
        "--duration",
        "24h",
        "--json",
    ]);
    load.args(["--rate", &options.rate, "--think", "300ms"]);
    load.args(["--orders", &options.orders.to_string()]);
    load.args(["--seed", &options.seed.to_string()]);
    load.arg("--journal").arg(artefacts.join("journal.jsonl"));
    load.arg("--report").arg(artefacts.join("report.html"));
    let summary = sh::read(&mut load)?;
    std::fs::write(artefacts.join("load.json"), &summary)?;
    Ok(serde_json::from_str(&summary)?)
}

/// Audits, also when that finds something.
fn audit(shop: &Shop<'_>, artefacts: &Path) -> anyhow::Result<Value> {
    let mut audit = shop.command(&["audit", "--json"]);
    audit.arg("--journal").arg(artefacts.join("journal.jsonl"));
    let output = audit.stderr(Stdio::inherit()).output()?;
    std::fs::write(artefacts.join("audit.json"), &output.stdout)?;
    serde_json::from_slice(&output.stdout).context("the audit came to no end")
}

fn report(options: &Options, load: &Value, audit: &Value) -> anyhow::Result<()> {
    let number = |value: &Value| value.as_u64().context("a figure is missing");
    let acknowledged = number(&load["orders"]["acknowledged"])?;
    let availability = load["availability"].as_f64().context("no availability")?;
    println!(
        "acknowledged orders   {acknowledged} ({} without an answer)",
        load["orders"]["unknown"]
    );
    println!("requests              {}", load["requests"]);
    println!("availability          {:.3} %", availability * 100.0);
    println!("p99                   {} ms", load["latency"]["p99"]);
    for (rule, count) in audit["counts"].as_object().context("no counts")? {
        println!("{rule:<22}{count}");
    }
    ensure!(
        acknowledged >= options.orders,
        "too few orders: {acknowledged}"
    );
    let journal = number(&audit["acknowledged"])?;
    ensure!(journal == acknowledged, "the journal has {journal} orders");
    if audit["ok"] != true {
        bail!("promises were broken: see artefacts/durability/audit.json");
    }
    println!("no order was lost");
    Ok(())
}
