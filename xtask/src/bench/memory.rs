//! What memory all processes of a shop take together: each page that several
//! share is counted once (proportional set size).

use std::thread;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::Bench;
use super::shop::{Shop, number};
use super::statistics::{Budget, row, title, verdict};

/// Requests a second, nine to each visit of the profile `classic`.
const VISITS: &str = "22.3";

const AT_REST: Budget = Budget::AtMost(64.0);
const UNDER_LOAD: Budget = Budget::AtMost(128.0);

/// Looks before, while and after visitors come.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&bench.sockshop, &folder.path().join("shop"), None)?;
    let (rest, duration) = bench.much((5, "60s"), (2, "5s"));
    thread::sleep(Duration::from_secs(rest));
    let before = look(&shop)?;
    let (summary, peak) = load(&shop, duration)?;
    thread::sleep(Duration::from_secs(rest));
    let after = look(&shop)?;

    title("memory: all processes of the shop, in MiB (PSS)");
    for (name, mebibytes) in &peak {
        let of = |looked: &[(String, f64)]| {
            let found = looked.iter().find(|(other, _)| other == name);
            found.map_or(0.0, |(_, mebibytes)| *mebibytes)
        };
        let (before, after) = (of(&before), of(&after));
        row(
            name,
            &format!("{before:>6.1} {mebibytes:>6.1} {after:>6.1}"),
        );
    }
    verdict("at rest", sum(&before), "", AT_REST);
    let rate = number(&summary["requests_per_second"])?;
    let what = format!("the most at {rate:.0} requests a second");
    verdict(&what, sum(&peak), "", UNDER_LOAD);
    row("afterwards", &format!("{:.2}", sum(&after)));
    row("failed requests", &summary["failed"].to_string());
    Ok(())
}

/// Lets visitors in, and looks every second until they are gone: returns the
/// look at which the sum was greatest.
fn load(shop: &Shop, duration: &str) -> anyhow::Result<(Value, Looked)> {
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let visits = ["--profile", "classic", "--rate", VISITS];
            shop.load(&[&visits[..], &["--duration", duration]].concat())
        });
        let mut peak = Vec::new();
        while !load.is_finished() {
            let now = look(shop)?;
            if sum(&now) > sum(&peak) {
                peak = now;
            }
            thread::sleep(Duration::from_secs(1));
        }
        let summary = load.join();
        let summary = summary.map_err(|_| anyhow::anyhow!("the load broke off"))?;
        Ok((summary?, peak))
    })
}

/// What each process takes, in mebibytes.
type Looked = Vec<(String, f64)>;

fn look(shop: &Shop) -> anyhow::Result<Looked> {
    let instances = shop.instances()?;
    instances.iter().map(one).collect()
}

fn one(instance: &Value) -> anyhow::Result<(String, f64)> {
    let name = instance["instance"].as_str().context("no name")?;
    let bytes = number(&instance["pss_bytes"])?;
    Ok((name.to_owned(), bytes / f64::from(1 << 20)))
}

fn sum(looked: &[(String, f64)]) -> f64 {
    looked.iter().map(|(_, mebibytes)| mebibytes).sum()
}
