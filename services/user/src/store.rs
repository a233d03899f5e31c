//! Customers, addresses and cards in a database.

mod addresses;
mod cards;
mod credentials;
mod customers;

use chassis::{Database, Error, Result, WriteTransaction};

use crate::schema::Schema;

/// No list is longer; what is older comes first.
pub const LONGEST_LIST: i64 = 1000;

/// Keeps customers, addresses and cards. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    schema: Schema,
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        Self::open_as(url, Schema::Done).await
    }

    /// Opens the database at `url` as the release with this `schema` did.
    pub async fn open_as(url: &str, schema: Schema) -> anyhow::Result<Self> {
        let database = Database::open_until(url, &MIGRATIONS, schema.last_migration()).await?;
        Ok(Self { database, schema })
    }

    /// Succeeds when the database answers and can be written
    /// ([`Database::ping_write`]).
    pub async fn ping(&self) -> Result<()> {
        self.database.ping_write().await
    }

    /// Closes the database ([`Database::close`]).
    pub async fn close(&self) {
        self.database.close().await;
    }
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Holds back everybody else who saves something of this customer until
/// `change` ends: of two who save the same, the second then finds it. Fails for
/// an unknown customer.
async fn lock_customer(id: &str, change: &mut WriteTransaction) -> Result<()> {
    let locked = sqlx::query("UPDATE customer SET seq = seq WHERE id = $1");
    match locked
        .bind(id)
        .execute(&mut **change)
        .await?
        .rows_affected()
    {
        0 => Err(Error::NotFound("customer")),
        _ => Ok(()),
    }
}

/// A row for a customer who does not exist is refused by the database.
fn unknown_customer(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => {
            Error::NotFound("customer")
        }
        _ => error.into(),
    }
}
