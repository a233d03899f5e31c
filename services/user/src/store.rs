//! Customers, addresses and cards in a database.

mod addresses;
mod cards;
mod customers;

use chassis::{Database, Error, Result};

/// No list is longer; what is older comes first.
pub const LONGEST_LIST: i64 = 1000;

/// Keeps customers, addresses and cards. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let database = Database::open(url, &MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Succeeds when the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// A row for a customer who does not exist is refused by the database.
fn unknown_customer(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => {
            Error::NotFound("customer")
        }
        _ => error.into(),
    }
}
