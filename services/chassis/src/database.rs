//! One database, `SQLite` or `PostgreSQL`, chosen by URL.
//!
//! Queries are written once, in the SQL both understand: `$1` placeholders,
//! `RETURNING`, `ON CONFLICT`, and columns of `TEXT`, `BIGINT` or
//! `DOUBLE PRECISION` only.
//!
//! Reading and writing are two types: [`reads`](Database::reads) has connections
//! on which the database itself refuses to write, and a [`WriteTransaction`] keeps
//! nothing unless its commit is seen to succeed.

pub(crate) mod cause;
mod file;
mod pools;
#[cfg(test)]
mod tests;
mod transaction;
mod write_check;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::any::install_default_drivers;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection};

use crate::{Error, Result};
use pools::Pools;
use write_check::WriteCheck;

pub use transaction::WriteTransaction;

/// A database whose schema is brought up to date. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Database {
    pools: Pools,
    sqlite: bool,
    migrated: Arc<AtomicBool>,
    write_check: Arc<WriteCheck>,
}

/// The pauses between attempts to reach a server that is not there yet, at first
/// and at most.
const MIGRATE_BACKOFF: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_millis(500));

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
            pools: Pools::new(url, sqlite)?,
            sqlite,
            migrated: Arc::default(),
            write_check: Arc::default(),
        };
        if file::path(url).is_some() {
            file::keep_private(url)?;
            probe(url).await?;
        }
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
        let mut pause = MIGRATE_BACKOFF.0;
        while let Err(error) = self.migrate(&migrations).await {
            tracing::warn!(%error, "database does not answer yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MIGRATE_BACKOFF.1);
        }
        tracing::info!("database answers");
    }

    async fn migrate(&self, migrations: &Migrator) -> anyhow::Result<()> {
        if self.sqlite {
            // Another process may be opening the same new file: `SQLite` has no other lock for this.
            let mut all = self.pools.writes.begin_with("BEGIN IMMEDIATE").await?;
            migrations.run_direct(None, &mut *all, false).await?;
            sqlx::query(write_check::TABLE).execute(&mut *all).await?;
            all.commit().await?;
        } else {
            migrations.run(&self.pools.writes).await?;
            self.create_write_check().await?;
        }
        self.migrated.store(true, Relaxed);
        Ok(())
    }

    /// Of several processes that open a new database at once all but one may fail
    /// here, when the table has just been made: `IF NOT EXISTS` takes no lock.
    async fn create_write_check(&self) -> Result<()> {
        let exists = "SELECT count(*) FROM write_check";
        if sqlx::query(exists).execute(self.reads()).await.is_ok() {
            return Ok(());
        }
        let mut change = self.begin_write().await?;
        sqlx::query(write_check::TABLE)
            .execute(&mut *change)
            .await?;
        change.commit().await
    }

    /// Where to read. The database refuses every statement there that would write,
    /// but for one in memory, which has a single connection.
    #[must_use]
    pub fn reads(&self) -> &AnyPool {
        &self.pools.reads
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
    pub async fn begin_write(&self) -> Result<WriteTransaction> {
        let begin = if self.sqlite {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN"
        };
        WriteTransaction::begin(&self.pools.writes, begin).await
    }

    /// Succeeds when the database answers and its schema is up to date.
    pub async fn ping(&self) -> Result<()> {
        if !self.migrated.load(Relaxed) {
            return Err(Error::unavailable("the schema is not up to date yet"));
        }
        sqlx::query("SELECT 1").execute(self.reads()).await?;
        Ok(())
    }

    /// Succeeds when the database answers and can be written: the latter is tried
    /// every few seconds at most. The error's [`cause`](Error::cause) says what
    /// is in the way, such as "cannot write: disk full".
    pub async fn ping_write(&self) -> Result<()> {
        self.ping().await?;
        self.check_write().await
    }

    /// Closes it once its last statements have ended. A copy of an embedded
    /// database's file alone is then complete.
    pub async fn close(&self) {
        self.pools.close().await;
    }
}

/// Opens the file once without a pool, which would only say that it timed out.
async fn probe(url: &str) -> anyhow::Result<()> {
    let probe = async {
        let mut connection = AnyConnection::connect(url).await?;
        // The first read looks at the header.
        sqlx::query("SELECT count(*) FROM sqlite_master")
            .execute(&mut connection)
            .await?;
        connection.close().await
    };
    match probe.await {
        Ok(()) => Ok(()),
        Err(error) if cause::of(&error) == Some(cause::DAMAGED) => {
            Err(error).with_context(|| damaged(url))
        }
        Err(error) => Err(error).with_context(|| unusable(url)),
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

/// A URL may hold a password; an embedded database's only names a file.
fn unusable(url: &str) -> String {
    format!("cannot use the database {url}: is its folder there and writable?")
}

fn damaged(url: &str) -> String {
    format!(
        "the database {url} is damaged: put a copy from a backup in its place, or move it away to begin with an empty one"
    )
}
