//! No order is lost: a shop of two instances each, shoppers, a storm that hits
//! an instance every two seconds, and then the audit. Once with the embedded
//! stores, and once with a `PostgreSQL` and a Redis of its own.

pub(crate) mod audit;
mod crash_points;
mod mutants;
mod shop;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::servers::Servers;
use crate::sh;
use audit::Audit;
pub(crate) use crash_points::run as crash_points;
use mutants::Mutant;
use shop::Storm;
pub(crate) use shop::{SERVICES, Shop};

/// The share of requests that the shop answers, and not with a fault of its own.
const AVAILABILITY: f64 = 0.99;

/// Where the shop keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// Embedded, a file for each service.
    Sqlite,
    /// PostgreSQL, and Redis for carts and sessions.
    Postgres,
}

/// Which stores to run with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Stores {
    /// Where the shop keeps its data; both, one after the other, when not given
    #[arg(long, value_enum, default_values = ["sqlite", "postgres"], num_args = 1)]
    pub(crate) store: Vec<Store>,
}

/// How many orders, and under what circumstances.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    stores: Stores,

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

    /// Build a bug in, and see that the audit finds it; may be given several times
    #[arg(long, value_enum)]
    mutant: Vec<Mutant>,

    /// Build each bug in, one after the other
    #[arg(long, conflicts_with = "mutant")]
    mutants: bool,
}

impl Store {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The servers a shop needs for it, in `folder`.
    fn open(self, folder: &Path) -> anyhow::Result<Option<Servers>> {
        match self {
            Self::Sqlite => Ok(None),
            Self::Postgres => Servers::start(folder).map(Some),
        }
    }
}

/// The variables that tell a shop of those servers.
fn variables(servers: Option<&Servers>) -> &[(String, String)] {
    servers.map_or(&[], |servers| &servers.variables)
}

/// Runs it all; fails when a promise is broken, or when that of a mutant is not.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let artefacts = sh::artefacts("durability")?;
    if options.mutants {
        return mutants::run(Mutant::value_variants(), options, &artefacts);
    }
    if !options.mutant.is_empty() {
        return mutants::run(&options.mutant, options, &artefacts);
    }
    let binary = match &options.sockshop {
        Some(binary) => std::path::absolute(binary)?,
        None => sh::release()?,
    };
    mutants::absent(&binary)?;
    for store in &options.stores.store {
        let artefacts = artefacts.join(store.name());
        std::fs::create_dir(&artefacts)?;
        weather(*store, &binary, options, &artefacts)
            .with_context(|| format!("with {}", store.name()))?;
    }
    Ok(())
}

/// One storm, and the audit after it.
fn weather(store: Store, binary: &Path, options: &Options, artefacts: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    let folder = tempfile::tempdir()?;
    let servers = store.open(folder.path())?;
    let shop = Shop::open(binary, folder.path(), variables(servers.as_ref()))?;
    let wind = Storm::begin(&shop, options.seed, "2s", artefacts)?;
    let load = load(
        &shop,
        options.seed,
        options.orders,
        ["--rate", &options.rate],
        artefacts,
    );
    let whole = wind.end();
    shop.keep_logs(artefacts)?;
    whole?;
    let load = load?;
    let audit = Audit::of(&shop, artefacts)?;
    println!("store                 {}", store.name());
    report(options, &load, &audit)?;
    println!("seconds               {}\n", begun.elapsed().as_secs());
    Ok(())
}

/// Lets shoppers in at this `pace` until so many `orders` are acknowledged.
fn load(
    shop: &Shop<'_>,
    seed: u64,
    orders: u64,
    pace: [&str; 2],
    artefacts: &Path,
) -> anyhow::Result<Value> {
    let mut load = shop.command(&["load", "--profile", "shopper", "--duration", "24h"]);
    load.args(["--json", "--think", "300ms"]).args(pace);
    load.args(["--orders", &orders.to_string()]);
    load.args(["--seed", &seed.to_string()]);
    load.arg("--journal").arg(artefacts.join("journal.jsonl"));
    load.arg("--report").arg(artefacts.join("report.html"));
    let summary = sh::read(&mut load)?;
    std::fs::write(artefacts.join("load.json"), &summary)?;
    Ok(serde_json::from_str(&summary)?)
}

fn report(options: &Options, load: &Value, audit: &Audit) -> anyhow::Result<()> {
    let acknowledged = load["orders"]["acknowledged"].as_u64();
    let acknowledged = acknowledged.context("a figure is missing")?;
    let availability = load["availability"].as_f64().context("no availability")?;
    println!(
        "acknowledged orders   {acknowledged} ({} without an answer)",
        load["orders"]["unknown"]
    );
    println!("requests              {}", load["requests"]);
    println!("availability          {:.3} %", availability * 100.0);
    println!("p99                   {} ms", load["latency"]["p99"]);
    audit.print();
    ensure!(
        acknowledged >= options.orders,
        "too few orders: {acknowledged}"
    );
    let journal = audit.acknowledged;
    ensure!(journal == acknowledged, "the journal has {journal} orders");
    audit.must_be_clean()?;
    println!("no order was lost");
    ensure!(
        availability >= AVAILABILITY,
        "the shop answered too few requests"
    );
    Ok(())
}
