//! How many lists the catalogue serves, beside a bare server that only has
//! their bytes: same machine, same core, same client, in turns.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::statistics::{Budget, median, ratio, row, title, verdict};
use super::{Bench, on};
use crate::servers::free_port;
use crate::sh::{self, Running};

/// What share of the bare server's pace the catalogue should reach.
const BUDGET: Budget = Budget::AtLeast(0.7);

/// Runs both and asks them in turns.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let wrk = sh::program("wrk", "wrk", &[])?;
    let folder = tempfile::tempdir()?;
    let (rounds, seconds) = bench.much((9, 3), (1, 1));
    let (_catalogue, ours) = catalogue(bench, folder.path())?;
    let bytes = ureq::get(&ours).call()?.body_mut().read_to_vec()?;
    let (_bare, theirs) = bare(bench, folder.path(), &bytes)?;
    let (mut served, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        for (url, paces) in [(&ours, &mut served), (&theirs, &mut bare)] {
            let pace = pace(&wrk, url, seconds)?;
            if round > 0 {
                paces.push(pace);
            }
        }
    }
    title("catalogue: the list of socks, on one core");
    let length = bytes.len();
    let shown = |paces: &[f64]| format!("{:.0} requests/s of {length} bytes", median(paces));
    row("the catalogue", &shown(&served));
    row("axum, with nothing but the bytes", &shown(&bare));
    verdict("ratio", ratio(&served, &bare), "", BUDGET);
    Ok(())
}

/// A catalogue on its core, and where its list is.
fn catalogue(bench: &Bench, folder: &Path) -> anyhow::Result<(Running, String)> {
    let (port, admin) = (free_port()?, free_port()?);
    let mut serve = on(super::SHOP, &bench.sockshop);
    serve
        .args(["serve", "catalogue", "--bind", "127.0.0.1"])
        .args(["--port", &port.to_string()])
        .args(["--admin-port", &admin.to_string()])
        .args(["--drain-window", "0s"])
        .arg("--database-url")
        .arg(format!("sqlite:{}/catalogue.db?mode=rwc", folder.display()));
    start(&mut serve, port)
}

/// A bare server on the same core, and where its bytes are.
fn bare(bench: &Bench, folder: &Path, bytes: &[u8]) -> anyhow::Result<(Running, String)> {
    let port = free_port()?;
    let file = folder.join("list.json");
    std::fs::write(&file, bytes)?;
    let mut serve = on(super::SHOP, &bench.bare()?);
    serve.arg(format!("127.0.0.1:{port}")).arg(file);
    start(&mut serve, port)
}

fn start(serve: &mut Command, port: u16) -> anyhow::Result<(Running, String)> {
    let running = Running::start(serve)?;
    let begin = Instant::now();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    while TcpStream::connect(address).is_err() {
        let patience = Duration::from_secs(30);
        ensure!(begin.elapsed() < patience, "nobody listens on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((running, format!("http://{address}/catalogue")))
}

/// Requests a second that `wrk` gets answered over eight connections.
fn pace(wrk: &Path, url: &str, seconds: u32) -> anyhow::Result<f64> {
    let mut ask = on(super::CLIENTS, wrk);
    ask.args(["--threads", "1", "--connections", "8"]);
    let text = sh::read(ask.args(["--duration", &format!("{seconds}s"), url]))?;
    let failed = text.contains("Non-2xx") || text.contains("Socket errors");
    ensure!(!failed, "not every request was answered:\n{text}");
    read(&text).with_context(|| format!("wrk tells no rate:\n{text}"))
}

fn read(text: &str) -> Option<f64> {
    let mut lines = text.lines();
    let rate = lines.find_map(|line| line.trim().strip_prefix("Requests/sec:"))?;
    rate.trim().parse().ok()
}

#[test]
fn the_rate_is_read_off_what_wrk_says() {
    let said =
        "  10 requests in 1.00s, 2.00KB read\nRequests/sec:   1234.56\nTransfer/sec: 2.00KB\n";
    assert_eq!(read(said), Some(1234.56));
    assert_eq!(read("Transfer/sec: 2.00KB"), None);
}
