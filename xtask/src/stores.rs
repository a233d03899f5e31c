//! The store suites on real servers: every service's tests again, on a
//! PostgreSQL and a Redis of their own.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::sh::{self, Running};

/// Where Debian puts PostgreSQL's programs.
const POSTGRES: [&str; 3] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
];

/// The crates that keep something.
const CRATES: [&str; 7] = [
    "catalogue",
    "cart",
    "orders",
    "payment",
    "user",
    "shipping",
    "frontend",
];

/// Starts both servers, runs the suites, ends the servers.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (_postgres, database_url) = postgres(folder.path())?;
    let (_redis, redis_url) = redis(folder.path())?;
    for test in tests()? {
        let mut run = Command::new(&test.executable);
        run.current_dir(&test.folder);
        run.env("TEST_DATABASE_URL", &database_url);
        sh::run(run.env("TEST_REDIS_URL", &redis_url))?;
    }
    Ok(())
}

/// A PostgreSQL and a Redis of one's own, ended when this is dropped.
pub(crate) struct Servers {
    /// What tells `sockshop up` to keep everything there.
    pub(crate) variables: Vec<(String, String)>,
    _running: [Running; 2],
}

impl Servers {
    /// Starts both in `folder`, with an empty database for every service.
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let (postgres, database) = postgres(folder)?;
        let (redis, cache) = redis(folder)?;
        let (server, _) = database.rsplit_once('/').context("no database")?;
        let psql = sh::program("psql", "postgresql-client", &POSTGRES)?;
        let mut variables = vec![
            ("CARTS_DATABASE_URL".to_owned(), format!("{cache}/0")),
            ("FRONT_END_SESSION_STORE".to_owned(), format!("{cache}/1")),
        ];
        for service in ["catalogue", "orders", "payment", "user", "shipping"] {
            let mut create = Command::new(&psql);
            create.args([&database, "--quiet", "--command"]);
            sh::run(create.arg(format!("CREATE DATABASE \"{service}\"")))?;
            let name = format!("{}_DATABASE_URL", service.to_uppercase());
            variables.push((name, format!("{server}/{service}")));
        }
        Ok(Self {
            variables,
            _running: [postgres, redis],
        })
    }
}

/// A compiled test, and the folder it runs in.
struct Test {
    executable: PathBuf,
    folder: PathBuf,
}

/// The tests of [`CRATES`], compiled with the whole workspace: choosing some
/// packages would choose other features, and compile everything anew.
fn tests() -> anyhow::Result<Vec<Test>> {
    let mut build = sh::cargo();
    build.args(["test", "--workspace", "--no-run", "--message-format=json"]);
    let mut tests = Vec::new();
    for line in sh::read(&mut build)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let is_test = message["profile"]["test"] == true;
        let executable = message["executable"].as_str().filter(|_| is_test);
        let manifest = message["manifest_path"].as_str().map(Path::new);
        if let (Some(executable), Some(folder)) = (executable, manifest.and_then(Path::parent)) {
            let name = folder.file_name().and_then(OsStr::to_str);
            if name.is_some_and(|name| CRATES.contains(&name)) {
                let (executable, folder) = (executable.into(), folder.to_owned());
                tests.push(Test { executable, folder });
            }
        }
    }
    ensure!(!tests.is_empty(), "no store suites were built");
    Ok(tests)
}

/// The folder of PostgreSQL's programs.
pub(crate) fn postgres_programs() -> anyhow::Result<PathBuf> {
    let initdb = sh::program("initdb", "postgresql", &POSTGRES)?;
    let folder = initdb.parent().context("initdb is in no folder")?;
    Ok(folder.to_owned())
}

/// A PostgreSQL in `folder`, and the URL of an empty database in it.
fn postgres(folder: &Path) -> anyhow::Result<(Running, String)> {
    let initdb = sh::program("initdb", "postgresql", &POSTGRES)?;
    let server = initdb.with_file_name("postgres");
    let data = folder.join("postgres");
    std::fs::create_dir(&data)?;
    if sh::is_root() {
        // PostgreSQL refuses to run as root.
        sh::run(Command::new("chmod").arg("755").arg(folder))?;
        sh::run(Command::new("chown").arg("postgres").arg(&data))?;
    }
    let mut make = unprivileged(&initdb);
    make.arg("--pgdata")
        .arg(&data)
        .args(["--auth=trust", "--username=postgres", "--no-sync"]);
    sh::read(&mut make)?;

    let port = free_port()?;
    let mut serve = unprivileged(&server);
    serve
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&data)
        .args(["-p", &port.to_string()]);
    serve.args([
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
        "-c",
        "max_connections=400",
    ]);
    serve.args(["-c", "log_min_messages=fatal"]);
    let running = Running::start(&mut serve)?;
    wait_for(port).context("PostgreSQL did not start")?;
    Ok((
        running,
        format!("postgres://postgres@127.0.0.1:{port}/postgres"),
    ))
}

/// A Redis in `folder`, and its URL.
fn redis(folder: &Path) -> anyhow::Result<(Running, String)> {
    let server = sh::program("redis-server", "redis-server", &[])?;
    let port = free_port()?;
    let mut serve = Command::new(server);
    serve.args([
        "--bind",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "--save",
        "",
        "--dir",
    ]);
    serve.arg(folder);
    let running = Running::start(&mut serve)?;
    wait_for(port).context("Redis did not start")?;
    Ok((running, format!("redis://127.0.0.1:{port}")))
}

fn unprivileged(program: &Path) -> Command {
    if !sh::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

/// A loopback port nobody listens on.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn wait_for(port: u16) -> anyhow::Result<()> {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        ensure!(
            start.elapsed() < Duration::from_secs(30),
            "nothing listens on port {port}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
