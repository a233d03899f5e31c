//! Faults of the stores of a shop: disks that fill up, servers that die or
//! refuse to write, connections that are cut. Shoppers go on all the while. While a
//! fault lasts, requests that cannot be done are refused in plain words; soon after
//! its end everything works again, and in the end the audit finds every order.

mod fault;
mod load;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};

use crate::buyer::Buyer;
use crate::durability::audit::Audit;
use crate::durability::{Shop, Store, Stores};
use crate::servers::Servers;
use crate::{sh, wait};
use fault::{Fault, TestEnv, Tmpfs};
use load::Shoppers;

/// Which stores, and how many orders.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    stores: Stores,

    /// Orders that shoppers must have been acknowledged in the end, with each store
    #[arg(long, default_value_t = 100)]
    orders: u64,

    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// How long each fault lasts once it is felt.
const FAULT_DURATION: Duration = Duration::from_secs(2);

/// From the end of a fault to a whole purchase, beyond what one takes anyway.
const MAX_RECOVERY: Duration = Duration::from_secs(1);

/// A fault that is not felt by then is none.
const SYMPTOM_TIMEOUT: Duration = Duration::from_secs(20);

/// Longer than any recovery takes that is merely too slow.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two attempts to buy after a fault.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// Longer than the shoppers need for the orders that are missing at the end.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs all faults of each store.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let artefacts = sh::artefacts("store-faults")?;
    let binary = match &options.sockshop {
        Some(binary) => std::path::absolute(binary)?,
        None => sh::release()?,
    };
    for store in &options.stores.store {
        let artefacts = artefacts.join(store.name());
        std::fs::create_dir(&artefacts)?;
        one(*store, &binary, options.orders, &artefacts)
            .with_context(|| format!("with {}", store.name()))?;
    }
    Ok(())
}

fn one(store: Store, binary: &Path, orders: u64, artefacts: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = Tmpfs::mount(folder.path().join("disk"))?;
    // The shop's own files are on the disk that fills up when they are its stores.
    let mut env = match store {
        Store::Sqlite => TestEnv::files(disk),
        Store::Postgres => TestEnv::servers_on(Servers::start(disk.path())?, disk),
    };
    let home = env.home(folder.path()).to_owned();
    let shop = Shop::open(binary, &home, env.variables())?;
    let outcome = under_shoppers(&shop, &mut env, store, orders, artefacts);
    shop.keep_logs(artefacts)?;
    outcome
}

fn under_shoppers(
    shop: &Shop<'_>,
    env: &mut TestEnv,
    store: Store,
    orders: u64,
    artefacts: &Path,
) -> anyhow::Result<()> {
    println!("store                 {}", store.name());
    let shoppers = Shoppers::begin(shop, artefacts)?;
    let buyer = Buyer::register(&shop.url())?;
    let mut slow = Vec::new();
    for fault in Fault::of(store) {
        let took = suffer(*fault, shop, env, &buyer).with_context(|| fault.name())?;
        println!("{:<22}recovered in {} ms", fault.name(), took.as_millis());
        if took > MAX_RECOVERY {
            slow.push(fault.name());
        }
    }
    shoppers.until_acknowledged(orders, LOAD_TIMEOUT)?;
    let acknowledged = shoppers.end()?;
    let audit = Audit::of(shop, artefacts)?;
    println!("acknowledged orders   {acknowledged}");
    audit.print();
    audit.must_be_clean()?;
    ensure!(
        slow.is_empty(),
        "more than {MAX_RECOVERY:?} to recover from: {}",
        slow.join(", ")
    );
    println!();
    Ok(())
}

/// One fault, from a shop that works to one that works again. Returns how long
/// that took from its end.
fn suffer(
    fault: Fault,
    shop: &Shop<'_>,
    env: &mut TestEnv,
    buyer: &Buyer,
) -> anyhow::Result<Duration> {
    wait::until("a shop that works", RECOVERY_TIMEOUT, || buyer.buy().ok())?;
    let usual = Instant::now();
    buyer
        .buy()
        .map_err(|refused| anyhow!("before it: {refused}"))?;
    let usual = usual.elapsed();
    fault.begin(env)?;
    let felt = feel(fault, shop, buyer);
    fault.end(env)?;
    let ended = Instant::now();
    felt?;
    while let Err(refused) = buyer.buy() {
        eprintln!("after {} ms: {refused}", ended.elapsed().as_millis());
        ensure!(ended.elapsed() < RECOVERY_TIMEOUT, "no recovery: {refused}");
        std::thread::sleep(RETRY_INTERVAL);
    }
    let took = ended.elapsed().saturating_sub(usual);
    wait::until("readiness after the fault", RECOVERY_TIMEOUT, || {
        messages(shop).ok().filter(String::is_empty)
    })?;
    Ok(took)
}

/// The fault as buyers and operators see it, for as long as it lasts.
fn feel(fault: Fault, shop: &Shop<'_>, buyer: &Buyer) -> anyhow::Result<()> {
    let Some(symptom) = fault.symptom() else {
        std::thread::sleep(FAULT_DURATION);
        return Ok(());
    };
    wait::until("a refused purchase", SYMPTOM_TIMEOUT, || buyer.buy().err())?;
    let mut said = String::new();
    let told = wait::until("readiness that names it", SYMPTOM_TIMEOUT, || {
        said = messages(shop).unwrap_or_default();
        said.contains(symptom).then_some(())
    });
    told.with_context(|| format!("readiness says {said:?} and not {symptom:?}"))?;
    let felt = Instant::now();
    while felt.elapsed() < FAULT_DURATION {
        if let Err(refusal) = buyer.buy() {
            let is_plain = refusal.contains(" 503 ");
            ensure!(is_plain, "no plain refusal: {refusal}");
        }
        buyer.browse().context("no browsing")?;
    }
    Ok(())
}

/// What instances say is wrong with them, as `sockshop status` shows it.
fn messages(shop: &Shop<'_>) -> anyhow::Result<String> {
    let status = sh::read_quietly(&mut shop.command(&["status", "--json"]))?;
    let status: serde_json::Value = serde_json::from_str(&status)?;
    let instances = status["instances"].as_array().context("no instances")?;
    let said = instances
        .iter()
        .filter_map(|one| one["message"].as_str())
        .collect::<Vec<_>>();
    Ok(said.join("; "))
}
