//! Seeded bugs (mutants): the audit must find each of them.
//!
//! They are in the code under `chassis::fault::failpoint`, and in no shipped executable.

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
const ORDERS: u64 = 100;

/// A build for tests is slow: these wait for it.
const USERS: [&str; 2] = ["--users", "12"];

/// How often somebody dies at one of these, besides the storm: seldom enough
/// that whoever is started again gets to do something.
const CRASH_INTERVAL: Duration = Duration::from_millis(2500);

/// Deaths after which a customer asks again, payment is asked again, and a
/// message is to be told again.
const POINTS: [&str; 3] = ["paid-committed", "answer-kept", "outbox-claimed"];

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

/// Runs a short storm over a shop with each of these bugs; fails when nobody
/// notices one.
pub(super) fn run(mutants: &[Mutant], options: &Options, artefacts: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let binary = build(folder.path())?;
    for mutant in mutants {
        let name = mutant.to_possible_value().context("it has no name")?;
        let name = name.get_name();
        let artefacts = artefacts.join(name);
        std::fs::create_dir(&artefacts)?;
        let found = storm_over(name, &binary, options, &artefacts)?.must_be_broken();
        let found = found.with_context(|| format!("nobody noticed {name}"))?;
        println!("{name:<30}found: {found}");
    }
    Ok(())
}

/// What the audit finds after a storm over a shop with the bug called `name`.
fn storm_over(
    name: &str,
    binary: &Path,
    options: &Options,
    artefacts: &Path,
) -> anyhow::Result<Audit> {
    let folder = tempfile::tempdir()?;
    let points = folder.path().join("points");
    std::fs::create_dir(&points)?;
    let variables = [
        ("MUTANT".to_owned(), name.to_owned()),
        ("CRASH_POINTS".to_owned(), points.display().to_string()),
        ("RECOVER_AFTER".to_owned(), "5s".to_owned()),
    ];
    let shop = Shop::open(binary, folder.path(), &variables)?;
    let storm = Storm::begin(&shop, options.seed, "2s", artefacts)?;
    let (calm, told) = channel();
    let outcome = std::thread::scope(|scope| {
        let points = &points;
        scope.spawn(move || arm(points, &told));
        let outcome = load(&shop, options.seed, ORDERS, USERS, artefacts);
        drop(calm);
        outcome
    });
    storm.end()?;
    shop.keep_logs(artefacts)?;
    outcome?;
    Audit::of(&shop, artefacts)
}

/// Lets the next process that comes by die at one of [`POINTS`], in turns,
/// until nobody is there to be `told` any more.
fn arm(points: &Path, told: &Receiver<()>) {
    for point in POINTS.iter().cycle() {
        if told.recv_timeout(CRASH_INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        _ = std::fs::File::create(points.join(point));
    }
}

/// The shop with its deliberate bugs, in `folder`: what is built next must not
/// take its place.
fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut build = sh::cargo();
    let said = sh::read(
        build
            .args(BUILD)
            .args(["--no-run", "--message-format=json"]),
    )?;
    let messages = said.lines().map(serde_json::from_str::<Value>);
    let mut made = messages.filter_map(Result::ok).filter(|message| {
        message["target"]["name"] == "sockshop" && message["target"]["kind"][0] == "bin"
    });
    let executable = made.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    let executable = executable.context("cargo built no sockshop")?;
    let kept = folder.join("sockshop");
    std::fs::copy(executable, &kept)?;
    Ok(kept)
}

/// Fails when `binary` can be told to have a bug, or to die.
pub(super) fn absent(binary: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(binary)?;
    for name in ["CRASH_POINTS", "relay-deletes-before-delivery"] {
        let found = bytes
            .windows(name.len())
            .any(|part| part == name.as_bytes());
        ensure!(
            !found,
            "{} was built for tests: it has {name}",
            binary.display()
        );
    }
    Ok(())
}
