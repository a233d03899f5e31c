//! Orders in a database.
//!
//! Reads are here, changes and the outbox next door. Every statement costs the
//! same whether a thousand orders are stored or a million.

mod outbox;
mod queries;
mod transitions;

use chassis::{Database, Error, Result};
use sqlx::migrate::Migrator;

use crate::order::{Order, Times};

pub use outbox::{Kind, Message};
pub use queries::{Cursor, Field, Sort};
pub use transitions::{Begun, Key, Progress};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Keeps orders. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// The columns of a [`Row`], between two other pieces of SQL.
macro_rules! with_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, customer_id, idempotency_key, key_held, state, contents, subtotal_cents,",
            " total_cents, shipment_id, reason, keep_cart, placed_at_ms, paid_at_ms,",
            " packed_at_ms, shipped_at_ms, closed_at_ms ",
            $after
        )
    };
}
use with_columns;

impl Store {
    /// Opens the database at `url`, creating its tables when they are missing.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let database = Database::open(url, &MIGRATIONS).await?;
        Ok(Self { database })
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

    /// Returns the order called `id`.
    pub async fn get(&self, id: &str) -> Result<Order> {
        let row: Option<Row> = sqlx::query_as(with_columns!("SELECT", "FROM orders WHERE id = $1"))
            .bind(id)
            .fetch_optional(self.database.reads())
            .await?;
        row.ok_or(Error::NotFound("order"))?.try_into()
    }

    /// Returns the order that holds `key` of `customer_id`.
    pub async fn holding(&self, customer_id: &str, key: &str) -> Result<Option<Order>> {
        let row: Option<Row> = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders WHERE customer_id = $1 AND idempotency_key = $2 AND key_held = 1"
        ))
        .bind(customer_id)
        .bind(key)
        .fetch_optional(self.database.reads())
        .await?;
        row.map(Order::try_from).transpose()
    }

    /// Returns the order that buys or bought this revision of a customer's cart,
    /// unless it was declined or cancelled.
    pub async fn buying(&self, customer_id: &str, cart_revision: &str) -> Result<Option<Order>> {
        let row: Option<Row> = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders WHERE customer_id = $1 AND cart_revision = $2 AND cart_revision <> ''
             AND state IN ('pending', 'paid', 'packed', 'shipped')"
        ))
        .bind(customer_id)
        .bind(cart_revision)
        .fetch_optional(self.database.reads())
        .await?;
        row.map(Order::try_from).transpose()
    }
}

/// An order as the database spells it.
#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    customer_id: String,
    idempotency_key: String,
    key_held: i64,
    state: String,
    contents: String,
    subtotal_cents: i64,
    total_cents: i64,
    shipment_id: String,
    reason: String,
    keep_cart: i64,
    placed_at_ms: i64,
    paid_at_ms: i64,
    packed_at_ms: i64,
    shipped_at_ms: i64,
    closed_at_ms: i64,
}

impl TryFrom<Row> for Order {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let contents = match &*row.contents {
            "" => None,
            json => Some(serde_json::from_str(json).map_err(Error::internal)?),
        };
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            key: row.idempotency_key,
            key_held: row.key_held == 1,
            state: row.state.parse().map_err(Error::internal)?,
            contents,
            subtotal_cents: row.subtotal_cents,
            total_cents: row.total_cents,
            shipment_id: row.shipment_id,
            reason: row.reason,
            keep_cart: row.keep_cart == 1,
            times: Times {
                placed_ms: row.placed_at_ms,
                paid_ms: row.paid_at_ms,
                packed_ms: row.packed_at_ms,
                shipped_ms: row.shipped_at_ms,
                closed_ms: row.closed_at_ms,
            },
        })
    }
}

fn orders(rows: Vec<Row>) -> Result<Vec<Order>> {
    rows.into_iter().map(Order::try_from).collect()
}
