//! One database, `SQLite` or `PostgreSQL`, chosen by URL.
//!
//! Queries are written once, in the SQL both understand: `$1` placeholders,
//! `RETURNING`, `ON CONFLICT`, and columns of `TEXT`, `BIGINT` or
//! `DOUBLE PRECISION` only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, Connection, Executor, Transaction};

use crate::{Error, Result};

/// A pool of connections whose schema is brought up to date. Clones share it.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    sqlite: bool,
    migrated: Arc<AtomicBool>,
}

/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(3);

impl Database {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// An embedded database must work at once. One behind a network may come
    /// up later than we do: it is tried again until it answers, and until then
    /// requests fail as unavailable and [`ping`](Self::ping) says so.
    ///
    /// Migrations of a newer release that have been applied already are left
    /// alone: an older release starts and runs on an expanded schema.
    pub async fn open(url: &str, migrations: &Migrator) -> anyhow::Result<Self> {
        Self::open_until(url, migrations, i64::MAX).await
    }

    /// Like [`open`](Self::open), but knows no migration after number `last`: as
    /// the release did that came with it.
    pub async fn open_until(url: &str, migrations: &Migrator, last: i64) -> anyhow::Result<Self> {
        install_default_drivers();
        let migrations = known(migrations, last);
        let sqlite = url.starts_with("sqlite:");
        if !sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            bail!("DATABASE_URL must start with sqlite: or postgres:");
        }
        let database = Self {
            pool: options(sqlite)
                .connect_lazy(url)
                .context("DATABASE_URL is not a database URL")?,
            sqlite,
            migrated: Arc::default(),
        };
        match database.migrate(&migrations).await {
            Ok(()) => {}
            Err(error) if sqlite => return Err(error.context(unusable(url))),
            Err(error) => {
                tracing::warn!(%error, "database does not answer yet");
                tokio::spawn(database.clone().keep_migrating(migrations));
            }
        }
        Ok(database)
    }

    async fn keep_migrating(self, migrations: Migrator) {
        let mut pause = Duration::from_millis(100);
        while let Err(error) = self.migrate(&migrations).await {
            tracing::warn!(%error, "database does not answer yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        tracing::info!("database answers");
    }

    async fn migrate(&self, migrations: &Migrator) -> anyhow::Result<()> {
        if self.sqlite {
            // Another process may be opening the same new file: `SQLite` has no other lock for this.
            let mut all = self.begin_write().await?;
            migrations.run_direct(None, &mut *all, false).await?;
            all.commit().await?;
        } else {
            migrations.run(&self.pool).await?;
        }
        self.migrated.store(true, Relaxed);
        Ok(())
    }

    /// The pool, for reads and single statements.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Whether this is `SQLite`, for the few statements the two databases spell
    /// differently.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.sqlite
    }

    /// Begins a transaction that will write.
    ///
    /// `SQLite` takes the write lock at once: a transaction that reads first and
    /// writes later may otherwise fail when another process wrote in between.
    pub async fn begin_write(&self) -> Result<Transaction<'static, Any>> {
        let transaction = if self.sqlite {
            self.pool.begin_with("BEGIN IMMEDIATE").await?
        } else {
            self.pool.begin().await?
        };
        Ok(transaction)
    }

    /// Succeeds when the database answers and its schema is up to date.
    pub async fn ping(&self) -> Result<()> {
        if !self.migrated.load(Relaxed) {
            return Err(Error::unavailable("the schema is not up to date yet"));
        }
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// The migrations up to number `last`. Later ones may have been applied by a
/// newer release.
fn known(migrations: &Migrator, last: i64) -> Migrator {
    let known = migrations.iter().filter(|one| one.version <= last);
    let mut known = Migrator::with_migrations(known.cloned().collect());
    known.set_ignore_missing(true);
    known
}

/// `SQLite` gets one connection that never expires: writers cannot then meet
/// each other ("database is locked"), and an in-memory database outlives its
/// first request. What is acknowledged is on the disk (`synchronous`).
fn options(sqlite: bool) -> AnyPoolOptions {
    let options = AnyPoolOptions::new()
        .acquire_timeout(ACQUIRE)
        .before_acquire(|connection, _| {
            // SQLite rolls back by itself when a commit fails on a full disk. The driver still counts a
            // transaction as open then, and refuses every later one on that connection.
            let healthy = !connection.is_in_transaction();
            Box::pin(async move { Ok(healthy) })
        });
    if !sqlite {
        return options.max_connections(16).min_connections(0);
    }
    options
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
                    .await?;
                Ok(())
            })
        })
}

/// A URL may hold a password; an embedded database's only names a file.
fn unusable(url: &str) -> String {
    format!("cannot use the database {url}: is its folder there and writable?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_whose_commit_failed_is_replaced() {
        let file = std::env::temp_dir().join(format!("{}.db", crate::ids::new_id()));
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let none = Migrator::with_migrations(Vec::new());
        let database = Database::open(&url, &none).await.unwrap();

        // What SQLite does on a full disk: the transaction has ended, and the driver does not know.
        let mut transaction = database.begin_write().await.unwrap();
        transaction.execute("ROLLBACK").await.unwrap();
        assert!(transaction.commit().await.is_err());

        let next = database.begin_write().await.unwrap();
        next.commit().await.unwrap();
        database.pool().close().await;
        std::fs::remove_file(file).unwrap();
    }
}
