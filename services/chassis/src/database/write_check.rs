//! Whether a database can be written, found out by writing.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Database;
use crate::{Error, Result, clock};

/// How long a successful write counts.
const SUCCESS_TTL: Duration = Duration::from_secs(5);

/// How long a failed write counts: shorter, so that a recovery is seen at once.
const FAILURE_TTL: Duration = Duration::from_millis(250);

/// What the last write came to. Waiting for the lock is waiting for a write that
/// another caller has begun.
#[derive(Debug, Default)]
pub(super) struct WriteCheck(Mutex<Option<(Instant, Option<String>)>>);

/// The table that is written; no migration is needed for it, so that a release
/// before and one after find the same schema.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS write_check (at_ms BIGINT NOT NULL)";

impl Database {
    /// Succeeds when the database can be written, as far as the last few seconds
    /// showed.
    pub(super) async fn check_write(&self) -> Result<()> {
        let mut last = self.write_check.0.lock().await;
        let counts = |(at, failure): &(Instant, Option<String>)| {
            at.elapsed()
                < if failure.is_some() {
                    FAILURE_TTL
                } else {
                    SUCCESS_TTL
                }
        };
        if !last.as_ref().is_some_and(counts) {
            let failure = self.write_mark().await.err();
            *last = Some((Instant::now(), failure.as_ref().map(Error::cause)));
        }
        match &*last {
            Some((_, Some(failure))) => Err(Error::unavailable(failure.clone())),
            _ => Ok(()),
        }
    }

    async fn write_mark(&self) -> Result<()> {
        let mut mark = self.begin_write().await?;
        // PostgreSQL fills the free space of a table's pages before it asks the disk for more; an emptied table
        // has to ask.
        let clear = if self.sqlite {
            "DELETE FROM write_check"
        } else {
            "TRUNCATE write_check"
        };
        sqlx::query(clear).execute(&mut *mark).await?;
        sqlx::query("INSERT INTO write_check (at_ms) VALUES ($1)")
            .bind(clock::now_ms())
            .execute(&mut *mark)
            .await?;
        mark.commit().await
    }
}
