//! Sessions: a signed cookie for every visitor, a stored record for those who
//! have signed in.
//!
//! Because ids are signed, one that we signed and do not find in the store is
//! simply a visitor who has told us nothing yet: no guest costs a row.

mod record;

use std::time::Duration;

use anyhow::{Context, bail};
use chassis::{Database, Result, Shutdown};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tower_sessions::cookie::SameSite;
use tower_sessions::service::SignedCookie;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::Key;

/// Name of the cookie that carries the session id, as the original had it.
pub const COOKIE: &str = "md.sid";

/// How long a sign-in lasts without a visit: as long as the `logged_in` cookie.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Between two attempts to connect to Redis.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);

/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_secs(300);

/// Where the sessions of those who signed in are kept. Clones share one
/// connection or pool.
#[derive(Clone)]
pub enum Store {
    /// SQL database: `SQLite` or `PostgreSQL`.
    Sql(Database),
    /// Redis, which forgets expired sessions by itself.
    Redis(ConnectionManager),
}

impl Store {
    /// Opens the store at `url`. A server that is not up yet is awaited by the
    /// requests that need it, and by the readiness probe.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("sqlite:") || url.starts_with("postgres") {
            let database = Database::open(url, &record::MIGRATOR).await?;
            return Ok(Self::Sql(database));
        }
        if !url.starts_with("redis:") {
            bail!("SESSION_STORE must start with sqlite:, postgres: or redis:");
        }
        let client = redis::Client::open(url).context("SESSION_STORE is not a Redis URL")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(Duration::from_secs(2)))
            .set_number_of_retries(2)
            .set_min_delay(RECONNECT_DELAY)
            .set_max_delay(RECONNECT_DELAY);
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self::Redis(connection))
    }

    /// Gives handlers their session, kept here and named in a cookie that is
    /// signed with `key`. [`cookies`](crate::cookies) adds `Secure` where it is due.
    #[must_use]
    pub fn layer(self, key: &Key) -> SessionManagerLayer<Self, SignedCookie> {
        SessionManagerLayer::new(self)
            .with_name(COOKIE)
            .with_same_site(SameSite::Lax)
            .with_secure(false)
            .with_expiry(Expiry::OnSessionEnd)
            .with_signed(key.cookies().clone())
    }

    /// Deletes expired sessions every few minutes until `shutdown`.
    pub async fn sweep(self, shutdown: Shutdown) {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                () = shutdown.closing() => return,
                _ = ticks.tick() => {}
            }
            match self.delete_expired(chassis::clock::now_ms()).await {
                Ok(0) => {}
                Ok(deleted) => tracing::debug!(deleted, "expired sessions deleted"),
                Err(error) => tracing::warn!(%error, "expired sessions not deleted"),
            }
        }
    }

    /// Closes the store ([`Database::close`]).
    pub async fn close(&self) {
        if let Self::Sql(database) = self {
            database.close().await;
        }
    }

    /// Succeeds when the store answers, and a database can be written.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Sql(database) => database.ping_write().await,
            Self::Redis(connection) => {
                let mut connection = connection.clone();
                let pong: Result<String, _> = redis::cmd("PING").query_async(&mut connection).await;
                pong.map(drop).map_err(chassis::Error::unavailable)
            }
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Sql(_) => "Sql",
            Self::Redis(_) => "Redis",
        })
    }
}
