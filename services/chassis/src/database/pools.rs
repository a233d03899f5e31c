//! The connections of one database: those that only read, and those that write.

use std::time::Duration;

use anyhow::Context;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor, Row};

use super::file;

/// How long a request waits for the one connection to `SQLite`.
const SQLITE_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a request waits for a connection to PostgreSQL. The pool pauses for up
/// to a fifth of it between two attempts to connect: a server that is back is found
/// that soon.
const POSTGRES_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// Connections to PostgreSQL for reading, and as many for writing.
const MAX_CONNECTIONS: u32 = 8;

/// A reading connection to `SQLite` is closed after so long without a query: its
/// cache and its thread are a burden on a shop at rest.
const IDLE_READER_TTL: Duration = Duration::from_secs(30);

/// Writers wait for those of other processes in `busy_timeout` ms. What is
/// acknowledged is on the disk (`synchronous`).
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// Refuses every statement that would write (<https://sqlite.org/pragma.html#pragma_query_only>).
const SQLITE_READER: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON";

/// Refuses every statement that would write (PostgreSQL manual, "SET TRANSACTION").
const POSTGRES_READER: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

#[derive(Clone, Debug)]
pub(super) struct Pools {
    pub(super) reads: AnyPool,
    pub(super) writes: AnyPool,
    /// Whether it is a `SQLite` database that is not in memory.
    is_file: bool,
}

impl Pools {
    /// Pools for the database at `url`, without a connection yet.
    pub(super) fn new(url: &str, sqlite: bool) -> anyhow::Result<Self> {
        if !sqlite {
            let pool = || {
                let options = options(POSTGRES_ACQUIRE_TIMEOUT);
                options.max_connections(MAX_CONNECTIONS)
            };
            return Ok(Self {
                reads: lazy(started_by(pool(), POSTGRES_READER), url)?,
                writes: lazy(pool(), url)?,
                is_file: false,
            });
        }
        // One writer: two cannot meet each other then ("database is locked").
        let single = options(SQLITE_ACQUIRE_TIMEOUT).max_connections(1);
        let single = single.idle_timeout(None).max_lifetime(None);
        let writes = lazy(started_by(single, SQLITE_WRITER), url)?;
        // What is in memory belongs to the connection that made it.
        let is_file = file::path(url).is_some();
        let reads = if is_file {
            let reader = options(SQLITE_ACQUIRE_TIMEOUT)
                .max_connections(1)
                .max_lifetime(None);
            let reader = reader.idle_timeout(IDLE_READER_TTL);
            lazy(started_by(reader, SQLITE_READER), url)?
        } else {
            writes.clone()
        };
        Ok(Self {
            reads,
            writes,
            is_file,
        })
    }

    /// Closes all connections, once the last statements have ended. The file of a
    /// `SQLite` database is then complete without its `-wal`.
    pub(super) async fn close(&self) {
        self.reads.close().await;
        if self.is_file
            && let Err(error) = self.checkpoint().await
        {
            tracing::warn!(error = %format!("{error:#}"), "the write-ahead log stays beside the database");
        }
        self.writes.close().await;
    }

    async fn checkpoint(&self) -> anyhow::Result<()> {
        // The result says whether somebody else held it up: (busy, log, checkpointed).
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        let row = checkpoint.fetch_one(&self.writes).await?;
        let busy: i64 = row.try_get(0)?;
        anyhow::ensure!(busy == 0, "another process reads or writes it");
        Ok(())
    }
}

fn options(acquire_timeout: Duration) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(acquire_timeout)
        .min_connections(0)
}

/// Every new connection begins with these statements.
fn started_by(options: AnyPoolOptions, statements: &'static str) -> AnyPoolOptions {
    options.after_connect(move |connection, _| {
        Box::pin(async move { connection.execute(statements).await.map(drop) })
    })
}

fn lazy(options: AnyPoolOptions, url: &str) -> anyhow::Result<AnyPool> {
    let pool = options.connect_lazy(url);
    pool.context("DATABASE_URL is not a database URL")
}
