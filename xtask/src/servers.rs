//! A PostgreSQL and a Redis of one's own, on loopback ports nobody else uses.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::sh::{self, Running};
use crate::wait;

/// Where Debian puts PostgreSQL's programs.
const POSTGRES: [&str; 3] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
];

/// A server that does not listen by then does not start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The services that keep their data in PostgreSQL.
const IN_POSTGRES: [&str; 5] = ["catalogue", "orders", "payment", "user", "shipping"];

/// Both, with an empty database for every service; ended when this is dropped.
pub(crate) struct Servers {
    /// What tells `sockshop up` to keep everything there.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
}

impl Servers {
    /// Starts both in `folder`.
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let (postgres, redis) = (Postgres::start(folder)?, Redis::start(folder)?);
        let mut variables = vec![
            (
                "CARTS_DATABASE_URL".to_owned(),
                format!("{}/0", redis.url()),
            ),
            (
                "FRONT_END_SESSION_STORE".to_owned(),
                format!("{}/1", redis.url()),
            ),
        ];
        for service in IN_POSTGRES {
            postgres.ask(&format!("CREATE DATABASE \"{service}\""))?;
            let name = format!("{}_DATABASE_URL", service.to_uppercase());
            variables.push((name, postgres.url(service)));
        }
        Ok(Self {
            variables,
            postgres,
            redis,
        })
    }
}

/// PostgreSQL server in a folder of its own.
pub(crate) struct Postgres {
    data: PathBuf,
    port: u16,
    running: Running,
}

impl Postgres {
    /// Makes one in `folder`, and starts it.
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let initdb = sh::program("initdb", "postgresql", &POSTGRES)?;
        let data = folder.join("postgres");
        if !data.exists() {
            std::fs::create_dir(&data)?;
        }
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
        let running = serve_postgres(&data, port)?;
        Ok(Self {
            data,
            port,
            running,
        })
    }

    /// Ends it by this `signal`: `QUIT` is a crash, `INT` a fast shutdown.
    pub(crate) fn end(&mut self, signal: &str) {
        self.running.end(signal);
    }

    /// Whether its process is there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// Starts it again, and returns once it has recovered and answers.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.running = serve_postgres(&self.data, self.port)?;
        wait::until("PostgreSQL's recovery", START_TIMEOUT, || {
            self.try_ask("SELECT 1").ok()
        })
        .map(drop)
    }

    /// The URL of the database called `name`.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs one statement, also where new transactions only read.
    pub(crate) fn ask(&self, statement: &str) -> anyhow::Result<String> {
        sh::read(&mut self.psql(statement)?)
    }

    fn try_ask(&self, statement: &str) -> anyhow::Result<String> {
        sh::read_quietly(&mut self.psql(statement)?)
    }

    fn psql(&self, statement: &str) -> anyhow::Result<Command> {
        let psql = sh::program("psql", "postgresql-client", &POSTGRES)?;
        let mut ask = Command::new(psql);
        ask.env("PGOPTIONS", "-c default_transaction_read_only=off");
        ask.args([
            &self.url("postgres"),
            "--quiet",
            "--tuples-only",
            "--command",
            statement,
        ]);
        Ok(ask)
    }
}

fn serve_postgres(data: &Path, port: u16) -> anyhow::Result<Running> {
    let initdb = sh::program("initdb", "postgresql", &POSTGRES)?;
    let mut serve = unprivileged(&initdb.with_file_name("postgres"));
    serve.arg("-D").arg(data).arg("-k").arg(data);
    serve.args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "fsync=off",
        "max_connections=400",
        "log_min_messages=fatal",
    ] {
        serve.args(["-c", setting]);
    }
    let running = Running::start(&mut serve)?;
    wait_for(port).context("PostgreSQL did not start")?;
    Ok(running)
}

/// Redis server on a port of its own.
pub(crate) struct Redis {
    folder: PathBuf,
    port: u16,
    running: Running,
}

impl Redis {
    /// Starts one that keeps its data in `folder`.
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        Ok(Self {
            folder: folder.to_owned(),
            port,
            running: serve_redis(folder, port)?,
        })
    }

    /// Kills the server without a shutdown.
    pub(crate) fn kill(&mut self) {
        self.running.end("KILL");
    }

    /// Whether its process is there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// Starts it again, with what it had.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.running = serve_redis(&self.folder, self.port)?;
        Ok(())
    }

    /// Its URL, without a database.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Port on which the server listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn serve_redis(folder: &Path, port: u16) -> anyhow::Result<Running> {
    let server = sh::program("redis-server", "redis-server", &[])?;
    let mut serve = Command::new(server);
    serve.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    // Every change is in the file before it is answered, so that a killed one has lost nothing.
    serve.args([
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ]);
    let running = Running::start(serve.arg("--dir").arg(folder))?;
    wait_for(port).context("Redis did not start")?;
    Ok(running)
}

/// The folder of PostgreSQL's programs.
pub(crate) fn postgres_programs() -> anyhow::Result<PathBuf> {
    let initdb = sh::program("initdb", "postgresql", &POSTGRES)?;
    let folder = initdb.parent().context("initdb is in no folder")?;
    Ok(folder.to_owned())
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
    let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
    wait::until(&format!("port {port}"), START_TIMEOUT, listens).map(drop)
}
