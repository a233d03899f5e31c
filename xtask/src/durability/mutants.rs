//! Bugs on purpose: each must be one that the audit finds.
//!
//! They are in the code under `chassis::sabotage`, and in no shipped executable.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde_json::Value;

use super::audit::Audit;
use super::crash_points::BUILD;
use super::shop::{Shop, Storm};
use super::{Options, load};
use crate::sh;

/// Orders that are enough for each of them to show.
const ORDERS: u64 = 200;

/// How often somebody dies at one of these, besides the storm.
const EVERY: Duration = Duration::from_millis(700);

const POINTS: [&str; 6] = [
    "payment-answered",
    "paid-committed",
    "outbox-claimed",
    "answer-kept",
    "outbox-told",
    "shipment-created",
];

/// A bug on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mutant {
    /// Orders acknowledges what it has not paid for yet.
    AnswerBeforeCommit,
    /// Orders takes a repeat for another wish.
    NoIdempotencyKey,
    /// The relay forgets a message before it has told it.
    RelayDeletesBeforeDelivery,
    /// Payment takes a repeat for another order.
    PaymentNotKeyedByOrder,
    /// Orders leaves the pence out of a total.
    TotalsRounded,
}

/// Runs a short storm over a shop with this bug; fails when nobody notices.
pub(super) fn run(mutant: Mutant, options: &Options, artefacts: &Path) -> anyhow::Result<()> {
    let name = mutant.to_possible_value().context("it has no name")?;
    let name = name.get_name().to_owned();
    let folder = tempfile::tempdir()?;
    let binary = build(folder.path())?;
    let points = folder.path().join("points");
    std::fs::create_dir(&points)?;
    let variables = [
        ("MUTANT".to_owned(), name.clone()),
        ("CRASH_POINTS".to_owned(), points.display().to_string()),
        ("RECOVER_AFTER".to_owned(), "5s".to_owned()),
    ];
    let shop = Shop::open(&binary, folder.path(), &variables)?;
    let few = Options {
        orders: options.orders.min(ORDERS),
        rate: options.rate.clone(),
        stores: options.stores.clone(),
        sockshop: None,
        ..*options
    };
    let storm = Storm::begin(&shop, options.seed, "1s", artefacts)?;
    let (_calm, calm) = channel();
    let outcome = std::thread::scope(|scope| {
        let deaths = scope.spawn(|| arm(&points, &calm));
        let outcome = load(&shop, &few, artefacts);
        drop(_calm);
        deaths
            .join()
            .map_err(|_| anyhow::anyhow!("a thread died"))??;
        outcome
    });
    storm.end()?;
    shop.keep_logs(artefacts)?;
    outcome?;
    let found = Audit::of(&shop, artefacts)?.must_be_broken();
    let found = found.with_context(|| format!("nobody noticed {name}"))?;
    println!("{name:<30}found: {found}");
    Ok(())
}
