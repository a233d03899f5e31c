//! How many visits of the original's load test one core serves.

use super::Bench;
use super::shop::{Shop, number, step};
use super::statistics::{median, row, title};

/// Users who ask as fast as they are answered, on the other core.
const USERS: &str = "16";

/// Lets them in for a while, some times over.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(
        &bench.sockshop,
        &folder.path().join("shop"),
        Some(super::SHOP),
    )?;
    let (rounds, duration) = bench.much((5, "10s"), (1, "2s"));
    let (mut visits, mut requests) = (Vec::new(), Vec::new());
    let mut failed = 0.0;
    for round in 0..=rounds {
        let users = ["--profile", "classic", "--users", USERS];
        let summary = shop.load(&[&users[..], &["--duration", duration]].concat())?;
        failed += number(&summary["failed"])?;
        if round > 0 {
            let last = number(&step(&summary, "POST /orders")?["requests"])?;
            visits.push(last / number(&summary["seconds"])?);
            requests.push(number(&summary["requests_per_second"])?);
        }
    }
    title("classic: the original's load test, on one core");
    row("visits", &format!("{:.1} a second", median(&visits)));
    row("requests", &format!("{:.0} a second", median(&requests)));
    row("failed", &format!("{failed:.0}"));
    Ok(())
}
