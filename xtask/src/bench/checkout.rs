//! How much longer than usual the slowest checkouts take, when shoppers come
//! at seven tenths of the rate the shop can bear.

use serde_json::Value;

use super::Bench;
use super::shop::{Shop, number, step};
use super::statistics::{Budget, row, title, verdict};

/// How much longer than half of the checkouts all but one in a hundred may take.
const BUDGET: Budget = Budget::AtMost(5.0);

/// What both ways to buy are called.
const CHECKOUTS: [&str; 2] = ["place order", "POST /orders"];

/// Finds the rate, then lets shoppers in.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("shop");
    let shop = Shop::open(&bench.sockshop, &data, Some(super::SHOP))?;
    let most = most(bench, &shop)?;
    let rate = format!("{:.2}", 0.7 * most);
    let duration = bench.much("60s", "3s");
    let summary = visit(&shop, &["--rate", &rate, "--duration", duration])?;
    title("checkout: shoppers at 70 % of what one core serves");
    row("the most", &format!("{most:.1} visits a second"));
    let requests = number(&summary["requests_per_second"])?;
    let failed = number(&summary["failed"])?;
    let of = format!("{requests:.0} requests a second, {failed:.0} failed");
    row(&format!("at {rate} visits a second"), &of);
    for name in CHECKOUTS {
        let took = &step(&summary, name)?["latency"];
        let (p50, p99) = (number(&took["p50"])?, number(&took["p99"])?);
        row(name, &format!("p50 {p50:.1} ms, p99 {p99:.1} ms"));
        verdict("  ratio", p99 / p50, "", BUDGET);
    }
    Ok(())
}

/// The visits a second that are served when a crowd waits outside, with as many
/// inside as serves it best. The same people come as later do: many are new and
/// open an account, which is the most work of all.
fn most(bench: &Bench, shop: &Shop) -> anyhow::Result<f64> {
    let mut most: f64 = 0.0;
    for inside in bench.much(&["4", "8", "16"][..], &["4"]) {
        let duration = bench.much("1500ms", "200ms");
        let crowd = ["--rate", "200", "--duration", duration];
        let summary = visit(shop, &[&crowd[..], &["--most-at-once", inside]].concat())?;
        let mut visits = 0.0;
        for name in CHECKOUTS {
            visits += step(&summary, name).map_or(Ok(0.0), |step| number(&step["requests"]))?;
        }
        most = most.max(visits / number(&summary["seconds"])?);
    }
    Ok(most)
}

fn visit(shop: &Shop, arguments: &[&str]) -> anyhow::Result<Value> {
    let shoppers = ["--profile", "shopper", "--think", "0s"];
    shop.load(&[&shoppers[..], arguments].concat())
}
