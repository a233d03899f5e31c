//! Store faults, and the test environment they are injected into.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::durability::Store;
use crate::servers::Servers;
use crate::sh;

/// What happens to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    DiskFull,
    PostgresCrash,
    PostgresReadOnly,
    PostgresConnectionsCut,
    RedisKilled,
    RedisOutOfMemory,
    RedisReadOnly,
}

/// How often connections are cut, and for how long.
const CUT_INTERVAL: Duration = Duration::from_millis(20);
const CUT_DURATION: Duration = Duration::from_secs(3);

/// No answer of Redis takes longer.
const REDIS_TIMEOUT: Duration = Duration::from_secs(5);

impl Fault {
    /// All faults that apply to `store`.
    pub(super) fn of(store: Store) -> &'static [Self] {
        match store {
            Store::Sqlite => &[Self::DiskFull],
            Store::Postgres => &[
                Self::PostgresConnectionsCut,
                Self::PostgresCrash,
                Self::PostgresReadOnly,
                Self::RedisKilled,
                Self::RedisOutOfMemory,
                Self::RedisReadOnly,
                Self::DiskFull,
            ],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DiskFull => "disk full",
            Self::PostgresCrash => "postgres crash",
            Self::PostgresReadOnly => "postgres read-only",
            Self::PostgresConnectionsCut => "connections cut",
            Self::RedisKilled => "redis killed",
            Self::RedisOutOfMemory => "redis out of memory",
            Self::RedisReadOnly => "redis read-only",
        }
    }

    /// What readiness says of it: nothing when the shop may get by.
    pub(super) fn symptom(self) -> Option<&'static str> {
        match self {
            // A full disk may end PostgreSQL: what is said then is that it is gone.
            Self::DiskFull | Self::PostgresCrash => Some("-db: "),
            Self::PostgresReadOnly => Some("cannot write: read-only"),
            Self::PostgresConnectionsCut => None,
            Self::RedisKilled => Some("carts-db: "),
            Self::RedisOutOfMemory => Some("OOM"),
            Self::RedisReadOnly => Some("read only replica"),
        }
    }

    pub(super) fn begin(self, env: &mut TestEnv) -> anyhow::Result<()> {
        match self {
            Self::DiskFull => env.disk.fill(),
            Self::PostgresCrash => {
                env.servers()?.postgres.end("QUIT");
                Ok(())
            }
            Self::PostgresReadOnly => read_only(env.servers()?, "on"),
            Self::PostgresConnectionsCut => cut_connections(env.servers()?),
            Self::RedisKilled => {
                env.servers()?.redis.kill();
                Ok(())
            }
            Self::RedisOutOfMemory => env.redis("CONFIG SET maxmemory 1"),
            Self::RedisReadOnly => env.redis("REPLICAOF 127.0.0.1 1"),
        }
    }

    pub(super) fn end(self, env: &mut TestEnv) -> anyhow::Result<()> {
        match self {
            Self::DiskFull => {
                env.disk.free()?;
                env.restart_ended()
            }
            Self::PostgresCrash => env.servers()?.postgres.restart(),
            Self::PostgresReadOnly => read_only(env.servers()?, "off"),
            Self::PostgresConnectionsCut => Ok(()),
            Self::RedisKilled => env.servers()?.redis.restart(),
            Self::RedisOutOfMemory => env.redis("CONFIG SET maxmemory 0"),
            Self::RedisReadOnly => env.redis("REPLICAOF NO ONE"),
        }
    }
}

fn read_only(servers: &Servers, value: &str) -> anyhow::Result<()> {
    let postgres = &servers.postgres;
    postgres.ask(&format!(
        "ALTER SYSTEM SET default_transaction_read_only = {value}"
    ))?;
    postgres.ask("SELECT pg_reload_conf()").map(drop)
}

/// Ends every connection again and again, whatever is under way on it.
fn cut_connections(servers: &Servers) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < CUT_DURATION {
        servers.postgres.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )?;
        std::thread::sleep(CUT_INTERVAL);
    }
    Ok(())
}

/// What a shop's data is kept on.
pub(super) struct TestEnv {
    // Ended before the disk is taken away.
    servers: Option<Servers>,
    disk: Tmpfs,
}

impl TestEnv {
    /// The disk of a shop that keeps files.
    pub(super) fn files(disk: Tmpfs) -> Self {
        Self {
            servers: None,
            disk,
        }
    }

    /// The servers of a shop, whose data is on `disk`.
    pub(super) fn servers_on(servers: Servers, disk: Tmpfs) -> Self {
        Self {
            servers: Some(servers),
            disk,
        }
    }

    /// Where the shop's own folder goes: on the disk, or beside it in `folder`.
    pub(super) fn home<'a>(&'a self, folder: &'a Path) -> &'a Path {
        match self.servers {
            None => self.disk.path(),
            Some(_) => folder,
        }
    }

    /// What tells the shop where its data is.
    pub(super) fn variables(&self) -> &[(String, String)] {
        self.servers
            .as_ref()
            .map_or(&[], |servers| &servers.variables)
    }

    fn servers(&mut self) -> anyhow::Result<&mut Servers> {
        self.servers.as_mut().context("this shop has no servers")
    }

    /// Starts the servers again that ended because they could not write their logs,
    /// as whatever supervises them would.
    fn restart_ended(&mut self) -> anyhow::Result<()> {
        let Some(servers) = &mut self.servers else {
            return Ok(());
        };
        if !servers.redis.is_running() {
            servers.redis.restart()?;
        }
        if !servers.postgres.is_running() {
            servers.postgres.restart()?;
        }
        Ok(())
    }

    /// Gives Redis a command, which it must take.
    fn redis(&mut self, command: &str) -> anyhow::Result<()> {
        let port = self.servers()?.redis.port();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(REDIS_TIMEOUT))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        ensure!(answer.starts_with("+OK"), "{command}: {answer}");
        Ok(())
    }
}

/// A small disk of its own.
pub(super) struct Tmpfs {
    path: PathBuf,
}

/// Enough for PostgreSQL's files, its log and some minutes of shopping.
const DISK_MIB: u32 = 256;

impl Tmpfs {
    /// Mounts one at `path`, which needs root.
    pub(super) fn mount(path: PathBuf) -> anyhow::Result<Self> {
        ensure!(sh::is_root(), "to mount a small disk, run this as root");
        std::fs::create_dir(&path)?;
        let options = format!("size={DISK_MIB}m,mode=755");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        sh::run(mount.arg(&path))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Takes the last byte.
    fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for chunk in [1 << 20, 1 << 12, 1] {
            let chunk = vec![1; chunk];
            while ballast.write_all(&chunk).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Whoever still has a file open there does not keep it in the tree.
        _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.path)
            .status();
    }
}
