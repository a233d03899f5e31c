//! Session records in SQL and in Redis.

use chassis::{Database, Result, clock};
use redis::aio::ConnectionManager;
use redis::{ExistenceCheck, SetExpiry, SetOptions};
use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::migrate::Migrator;
use sqlx::query::Query;
use tonic::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result as StoreResult};

use super::{LIFETIME, Store};

pub(super) static MIGRATOR: Migrator = sqlx::migrate!();

#[async_trait]
impl SessionStore for Store {
    /// Keeps a new record, unless it says nothing. Ids are 128 random bits.
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        if record.data.is_empty() {
            return Ok(());
        }
        let (id, data) = (record.id.to_string(), encode(record)?);
        match self {
            Self::Sql(database) => {
                let insert = sqlx::query(
                    "INSERT INTO session (id, data, expires_at_ms) VALUES ($1, $2, $3)",
                );
                let insert = insert.bind(id).bind(data).bind(expiry());
                write(database, insert).await.map(drop).map_err(backend)
            }
            Self::Redis(connection) => set(connection, &id, data, ExistenceCheck::NX).await,
        }
    }

    /// Updates a record that is still kept: one that another request has just
    /// deleted stays deleted.
    async fn save(&self, record: &Record) -> StoreResult<()> {
        if record.data.is_empty() {
            return Ok(());
        }
        let (id, data) = (record.id.to_string(), encode(record)?);
        match self {
            Self::Sql(database) => {
                let update =
                    sqlx::query("UPDATE session SET data = $2, expires_at_ms = $3 WHERE id = $1");
                let update = update.bind(id).bind(data).bind(expiry());
                write(database, update).await.map(drop).map_err(backend)
            }
            Self::Redis(connection) => set(connection, &id, data, ExistenceCheck::XX).await,
        }
    }

    /// Returns what is kept under `id`, or an empty record of that name.
    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let name = id.to_string();
        let data: Option<String> = match self {
            Self::Sql(database) => {
                sqlx::query_scalar("SELECT data FROM session WHERE id = $1 AND expires_at_ms > $2")
                    .bind(name)
                    .bind(clock::now_ms())
                    .fetch_optional(database.reads())
                    .await
                    .map_err(backend)?
            }
            Self::Redis(connection) => redis::cmd("GET")
                .arg(key(&name))
                .query_async(&mut connection.clone())
                .await
                .map_err(backend)?,
        };
        let data = data.map(|data| serde_json::from_str(&data));
        let data = data
            .transpose()
            .map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data: data.unwrap_or_default(),
            expiry_date: OffsetDateTime::now_utc() + LIFETIME,
        }))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        let name = id.to_string();
        match self {
            Self::Sql(database) => {
                let delete = sqlx::query("DELETE FROM session WHERE id = $1").bind(name);
                write(database, delete).await.map(drop).map_err(backend)
            }
            Self::Redis(connection) => redis::cmd("DEL")
                .arg(key(&name))
                .query_async(&mut connection.clone())
                .await
                .map_err(backend),
        }
    }
}

impl Store {
    /// Deletes what has expired by `now_ms`, and says how much that was.
    pub async fn delete_expired(&self, now_ms: i64) -> Result<u64> {
        let Self::Sql(database) = self else {
            return Ok(0);
        };
        let delete = sqlx::query("DELETE FROM session WHERE expires_at_ms <= $1").bind(now_ms);
        write(database, delete).await
    }
}

/// Runs one statement in a transaction, and says how many rows it touched.
async fn write(database: &Database, statement: Query<'_, Any, AnyArguments>) -> Result<u64> {
    let mut change = database.begin_write().await?;
    let done = statement.execute(&mut *change).await?;
    change.commit().await?;
    Ok(done.rows_affected())
}

async fn set(
    connection: &ConnectionManager,
    id: &str,
    data: String,
    existence: ExistenceCheck,
) -> StoreResult<()> {
    let options = SetOptions::default()
        .conditional_set(existence)
        .with_expiration(SetExpiry::EX(LIFETIME.as_secs()));
    redis::cmd("SET")
        .arg(key(id))
        .arg(data)
        .arg(options)
        .query_async(&mut connection.clone())
        .await
        .map_err(backend)
}

fn key(id: &str) -> String {
    format!("session:{id}")
}

fn expiry() -> i64 {
    let lifetime = i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
    clock::now_ms().saturating_add(lifetime)
}

fn encode(record: &Record) -> StoreResult<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}
