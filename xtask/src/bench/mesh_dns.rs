//! How many names a mesh node answers, beside dnsmasq with the same names: same
//! machine, same core, same client, in turns.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::shop::Shop;
use super::statistics::{median, ratio, row, title};
use super::{Bench, on};
use crate::servers::free_port;
use crate::sh::{self, Running};
use crate::wait::until;

/// Asks both in turns.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&bench.sockshop, folder.path(), Some(super::SHOP))?;
    let instances = shop.instances()?;
    let names = names(&instances);
    let client = Client {
        dnsperf: sh::program("dnsperf", "dnsperf", &[])?,
        questions: folder.path().join("questions"),
    };
    let questions: String = names.iter().fold(String::new(), |mut text, (name, _)| {
        _ = writeln!(text, "{name} A");
        text
    });
    std::fs::write(&client.questions, questions)?;
    let node = node(&instances)?;
    let (_dnsmasq, other) = dnsmasq(&names)?;
    let (rounds, seconds) = bench.much((9, 3), (1, 1));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        for (server, paces) in [(node, &mut ours), (other, &mut theirs)] {
            let pace = client.pace(server, seconds)?;
            if round > 0 {
                paces.push(pace);
            }
        }
    }
    title("mesh-dns: addresses of the shop's names, on one core");
    row("meshd", &format!("{:.0} answers/s", median(&ours)));
    row("dnsmasq", &format!("{:.0} answers/s", median(&theirs)));
    row("ratio", &format!("{:.2}", ratio(&ours, &theirs)));
    Ok(())
}

/// Every service's name and the address of one of its instances.
fn names(instances: &[Value]) -> Vec<(String, String)> {
    let text = |one: &Value, field| one[field].as_str().unwrap_or_default().to_owned();
    let named = |one| (text(one, "service") + ".weave.local", text(one, "address"));
    instances.iter().map(named).collect()
}

/// Where the shop's mesh node answers.
fn node(instances: &[Value]) -> anyhow::Result<SocketAddr> {
    let node = instances.iter().find(|one| one["service"] == "meshd");
    let node = node.context("the shop has no mesh node")?;
    let address = node["address"].as_str().context("it has no address")?;
    Ok(format!("{address}:{}", node["dns_port"]).parse()?)
}

/// A dnsmasq that has these names and nothing else, and where it answers.
fn dnsmasq(names: &[(String, String)]) -> anyhow::Result<(Running, SocketAddr)> {
    let program = sh::program("dnsmasq", "dnsmasq-base", &["/usr/sbin"])?;
    let port = free_port()?;
    let mut serve = on(super::SHOP, &program);
    serve.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-hosts",
    ]);
    serve.args([
        "--no-resolv",
        "--bind-interfaces",
        "--local-ttl=1",
        "--pid-file=",
    ]);
    serve.args(["--listen-address=127.0.0.1", &format!("--port={port}")]);
    for (name, address) in names {
        serve.arg(format!("--host-record={name},{address}"));
    }
    let running = Running::start(serve.stderr(Stdio::null()))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    until("dnsmasq to listen", Duration::from_secs(10), || {
        std::net::TcpStream::connect(address).ok()
    })?;
    Ok((running, address))
}

/// DNS client that measures latencies.
struct Client {
    dnsperf: PathBuf,
    questions: PathBuf,
}

impl Client {
    /// Questions a second that `server` answers.
    fn pace(&self, server: SocketAddr, seconds: u32) -> anyhow::Result<f64> {
        let mut ask = on(super::CLIENTS, Path::new(&self.dnsperf));
        ask.args(["-s", &server.ip().to_string()]);
        ask.args(["-p", &server.port().to_string(), "-c", "8", "-T", "1"]);
        ask.args(["-l", &seconds.to_string(), "-d"])
            .arg(&self.questions);
        let said = sh::read(ask.stderr(Stdio::null()))?;
        read(&said).with_context(|| format!("dnsperf tells no rate:\n{said}"))
    }
}

/// The rate, when every question got its address.
fn read(said: &str) -> Option<f64> {
    let figure = |name| {
        let mut lines = said.lines().map(str::trim);
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim()))
    };
    let lost = figure("Queries lost:")?;
    let all_found = figure("Response codes:")?.contains("(100.00%)");
    (lost.starts_with("0 ") && all_found)
        .then(|| figure("Queries per second:"))??
        .parse()
        .ok()
}

#[test]
fn the_rate_is_read_off_what_dnsperf_says() {
    let said = "  Queries lost:         0 (0.00%)\n  Response codes:       \
                NOERROR 100 (100.00%)\n  Queries per second:   1234.5\n";
    assert_eq!(read(said), Some(1234.5));
    assert_eq!(read(&said.replace("0 (0.00%)", "7 (7.00%)")), None);
    assert_eq!(
        read(&said.replace("100.00%", "90.00%), NXDOMAIN 10 (10.00%")),
        None
    );
}
