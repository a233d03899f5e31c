//! How small and how quick to start the shop is: size of the binary, time to
//! the first page, memory of every process at rest.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{servers, sh};

/// What the whole shop may take at rest: the sum of all processes' proportional
/// set sizes.
const MEMORY: u64 = 64 << 20;

/// How often the start is measured.
const STARTS: usize = 5;

/// Measures, prints, and fails when the shop takes more memory than it may.
pub(crate) fn run() -> anyhow::Result<()> {
    let binary = sh::release()?;
    let size = std::fs::metadata(&binary)?.len();
    println!("binary: {:.1} MiB", mebibytes(size));

    let mut first = Vec::new();
    let mut again = Vec::new();
    for _ in 0..STARTS {
        let folder = tempfile::tempdir()?;
        first.push(start(&binary, folder.path())?.0);
        again.push(start(&binary, folder.path())?.0);
    }
    println!("start to first page, new data:  {}", spread(&mut first));
    println!("start to first page, old data:  {}", spread(&mut again));

    let folder = tempfile::tempdir()?;
    let (_, status) = start(&binary, folder.path())?;
    let sum = table(&status)?;
    ensure!(
        sum <= MEMORY,
        "the shop takes {:.1} MiB at rest, more than {} MiB",
        mebibytes(sum),
        MEMORY >> 20
    );
    Ok(())
}

/// Starts a shop in `folder` and ends it again. Returns the time to the first
/// page with everything ready, and what `status` says once the shop rests.
fn start(binary: &Path, folder: &Path) -> anyhow::Result<(Duration, Value)> {
    let port = servers::free_port()?;
    let data = folder.join("shop");
    let begin = Instant::now();
    let mut up = Command::new(binary);
    up.args(["up", "--port", &port.to_string(), "--data"])
        .arg(&data);
    let shop = Shop(up.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let status = || {
        let mut status = Command::new(binary);
        status
            .args(["status", "--json", "--data"])
            .arg(&data)
            .stderr(Stdio::null());
        sh::read(&mut status)
            .ok()
            .and_then(|text| serde_json::from_str::<Value>(&text).ok())
    };
    let took = loop {
        ensure!(
            begin.elapsed() < Duration::from_secs(60),
            "the shop did not start"
        );
        if shows_page(port) {
            let took = begin.elapsed();
            if status().is_some_and(|status| all_serve(&status)) {
                break took;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // What was only needed to start is given back within a few seconds.
    std::thread::sleep(Duration::from_secs(3));
    let status = status().context("the shop has no status")?;
    drop(shop);
    Ok((took, status))
}

/// A running shop, ended when this is dropped.
struct Shop(Child);

impl Drop for Shop {
    fn drop(&mut self) {
        _ = Command::new("kill").arg(self.0.id().to_string()).status();
        _ = self.0.wait();
    }
}

fn shows_page(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"GET / HTTP/1.0\r\nAccept: text/html\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.0 200") && answer.contains("Holy"))
}

fn all_serve(status: &Value) -> bool {
    let instances = status["instances"].as_array();
    instances.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["state"] == "serving"))
}

/// Prints a line per process; returns the sum in bytes.
fn table(status: &Value) -> anyhow::Result<u64> {
    let instances = status["instances"].as_array().context("no instances")?;
    let mut sum = 0;
    for instance in instances {
        let pss = instance["pss_bytes"].as_u64().context("no pss_bytes")?;
        sum += pss;
        println!("{:>8.1} MiB  {}", mebibytes(pss), instance["instance"]);
    }
    println!(
        "{:>8.1} MiB  in all, of {} allowed",
        mebibytes(sum),
        MEMORY >> 20
    );
    Ok(sum)
}

fn spread(times: &mut [Duration]) -> String {
    times.sort();
    let middle = times[times.len() / 2];
    format!(
        "{middle:.0?} (median of {}, {:.0?} to {:.0?})",
        times.len(),
        times[0],
        times[times.len() - 1]
    )
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
