//! The shop in odd surroundings: environments of other programs, terminals that
//! close, addresses that are no IPv4.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use support::{Shop, client, eventually, free_port, signal, sockshop, text, up};

/// Variables that mean something to our processes, and something else to whoever
/// set them.
const HOSTILE: [(&str, &str); 22] = [
    ("PORT", "1"),
    ("ADMIN_PORT", "1"),
    ("VERSION", "not a version!"),
    ("INSTANCE", "somebody"),
    ("DOMAIN", "example.com"),
    ("MESH", "192.0.2.1:1"),
    ("MESH_KEY", "short"),
    ("MESH_DNS", "192.0.2.1:53"),
    ("MESH_JOIN", "192.0.2.1:1"),
    ("DRAIN_WINDOW", "soon"),
    ("ADVERTISE_ADDRESS", "192.0.2.1"),
    ("END_WITH_STDIN", "perhaps"),
    ("DATABASE_URL", "mysql://elsewhere"),
    ("SESSION_STORE", "memcached://elsewhere"),
    ("SESSION_KEY", "short"),
    ("POLICY_FILE", "/nowhere/policies"),
    ("CATALOGUE_URL", "http://192.0.2.1:1"),
    ("ORDERS_URL", "http://192.0.2.1:1"),
    ("HTTP_PROXY", "http://192.0.2.1:1"),
    ("DNS_PORT", "1"),
    ("RUST_LOG", "warn,orders=loud"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "collector of another program",
    ),
];

/// The variables of a running process.
fn environment(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let variables = bytes.split(|byte| *byte == 0);
    variables.map(text).collect()
}

#[tokio::test]
async fn an_environment_of_other_programs_changes_nothing() {
    let shop = Shop::open_told(tempfile::tempdir().unwrap(), &[], &HOSTILE);
    let page = client().get(format!("{}/socks", shop.url)).send().await;
    assert_eq!(page.unwrap().status(), 200);
    let log = shop.data().join("logs/orders-1.log");
    eventually("two warnings", || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("`orders=loud` is no filter") && log.contains("no traces are sent")
    });
    for one in shop.instances() {
        let variables = environment(one.pid.unwrap());
        let has = |start: &str| variables.iter().any(|one| one.starts_with(start));
        assert!(!has("HTTP_PROXY=") && !has("DOMAIN=") && !has("CATALOGUE_URL="));
        assert_eq!(has("SESSION_KEY="), one.service == "front-end", "{one:?}");
    }
}

#[test]
fn files_are_for_nobody_elses_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("shop");
    let shop = begin(&mut up(&data, free_port()));
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 15, "{files}");
    end(shop);
}

/// Starts `up` and waits until it has printed its address, which is returned too.
fn begin(up: &mut Command) -> (Child, String) {
    let mut shop = up
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .arg("--end-with-stdin")
        .spawn()
        .unwrap();
    let mut output = BufReader::new(shop.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            let mut error = String::new();
            let mut stderr = shop.stderr.take().unwrap();
            stderr.read_to_string(&mut error).unwrap();
            panic!("the shop did not open: {error}");
        }
    }
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    (shop, line.trim().to_owned())
}

fn end((mut shop, _): (Child, String)) {
    let lifeline = shop.stdin.take();
    signal(shop.id(), Signal::TERM);
    assert!(shop.wait().unwrap().success());
    drop(lifeline);
}

#[test]
fn a_hangup_that_was_ignored_stays_ignored() {
    let data = tempfile::tempdir().unwrap();
    let plain = up(data.path(), free_port());
    let mut nohup = Command::new("nohup");
    nohup.arg(plain.get_program()).args(plain.get_args());
    let (shop, url) = begin(&mut nohup);
    for process in std::iter::once(shop.id()).chain(pids(data.path())) {
        signal(process, Signal::HUP);
    }
    // Whoever obeys is told to leave before the next process answers.
    let status = sockshop()
        .args(["status", "--data"])
        .arg(data.path())
        .output();
    assert!(text(&status.unwrap().stdout).contains(&url));
    assert_eq!(pids(data.path()).len(), 9);
    end((shop, url));
}

#[test]
fn a_terminal_that_closes_closes_the_shop() {
    let data = tempfile::tempdir().unwrap();
    let (mut shop, _) = begin(&mut up(data.path(), free_port()));
    let _lifeline = shop.stdin.take();
    signal(shop.id(), Signal::HUP);
    assert!(shop.wait().unwrap().success());
}

/// The processes of the shop in `data` that serve.
fn pids(data: &Path) -> Vec<u32> {
    let output = sockshop()
        .args(["status", "--json", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let instances = status["instances"].as_array().unwrap().iter();
    let serving = instances.filter(|one| one["state"] == "serving" && one["restarts"] == 0);
    serving
        .map(|one| u32::try_from(one["pid"].as_u64().unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_ipv6_address_is_written_as_urls_have_it() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return; // not on this machine
    }
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let shop = begin(up(data.path(), port).args(["--bind", "::1"]));
    assert_eq!(shop.1, format!("http://[::1]:{port}"));
    let page = client().get(&shop.1).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let flags = [
        "load",
        "--rate",
        "5",
        "--duration",
        "1s",
        "--max-error-rate",
        "0%",
    ];
    let load = sockshop()
        .args(flags)
        .arg("--data")
        .arg(data.path())
        .output()
        .unwrap();
    assert!(load.status.success(), "{}", text(&load.stderr));
    end(shop);
}

#[test]
fn a_shop_that_is_refused_leaves_nothing_behind() {
    let outer = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let data = outer.path().join("a/shop");
    let port = taken.local_addr().unwrap().port();
    let refused = up(&data, port).output().unwrap();
    assert!(text(&refused.stderr).contains("is taken"));
    let refused = up(&data, free_port())
        .args(["--scale", "carts=99"])
        .output();
    assert!(!refused.unwrap().status.success());
    let many = ["--scale", "carts@v1=50", "--scale", "carts@v2=50"];
    assert!(
        !up(&data, free_port())
            .args(many)
            .output()
            .unwrap()
            .status
            .success()
    );
    let odd = up(&data, free_port())
        .args(["--bind", "192.0.2.1"])
        .output();
    assert!(text(&odd.unwrap().stderr).contains("cannot listen on 192.0.2.1"));
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 0);
}

#[test]
fn a_service_that_cannot_start_gives_its_cause() {
    let data = tempfile::tempdir().unwrap();
    let flags = [("SECURE_COOKIES", "maybe")];
    let refused = up(data.path(), free_port()).envs(flags).output().unwrap();
    let error = text(&refused.stderr);
    assert!(
        error.contains("front-end-1 does not start: error: invalid value 'maybe'"),
        "{error}"
    );
    assert!(error.contains("neither true nor false"), "{error}");
}

#[test]
fn booleans_are_taken_as_people_write_them() {
    for written in ["1", "yes", "on", "TRUE", ""] {
        let flags = ["serve", "front-end", "--help"];
        let read = sockshop()
            .args(flags)
            .env("SECURE_COOKIES", written)
            .output()
            .unwrap();
        assert!(read.status.success(), "{written}");
    }
    let data = tempfile::tempdir().unwrap();
    let told = [("SECURE_COOKIES", "YES")];
    let shop = Shop::open_told(data, &[], &told);
    assert!(shop.welcome.contains("front-end-1"));
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_run() {
    let shop = Shop::open();
    let refused = shop.run(&["load", "--duration", "1h", "--report", "none/x.html"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("cannot write the report none/x.html"));
}

#[test]
fn a_run_that_is_told_to_end_gives_all_its_results() {
    let shop = Shop::open();
    let folder = tempfile::tempdir().unwrap();
    let (report, journal) = (folder.path().join("x.html"), folder.path().join("x.jsonl"));
    let mut load = sockshop();
    load.args([
        "load",
        "--duration",
        "1h",
        "--rate",
        "20",
        "--think",
        "1ms",
        "--data",
    ]);
    load.arg(shop.data())
        .arg("--report")
        .arg(&report)
        .arg("--journal")
        .arg(&journal);
    let load = load
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("an order", || {
        std::fs::metadata(&journal).is_ok_and(|file| file.len() > 0)
    });
    signal(load.id(), Signal::TERM);
    let output = load.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(
        text(&output.stdout).contains("requests"),
        "{}",
        text(&output.stdout)
    );
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.ends_with("</html>\n"));
}
