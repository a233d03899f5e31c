//! SQL store of authorisations: one row per order.

use chassis::fault::failpoint::mutant;
use chassis::{Database, Error, Result, ids};

use crate::authorisation::{Authorisation, Decision};

/// Store of authorisations. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// Page of a list of authorisations.
#[derive(Debug)]
pub struct Page {
    /// Authorisations, sorted by order id.
    pub authorisations: Vec<Authorisation>,
    /// Token of the next page; empty on the last page.
    pub next_page_token: String,
}

impl Store {
    /// Opens the database at `url` and runs pending migrations.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
        let database = Database::open(url, &MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Checks that the database is reachable and writable ([`Database::ping_write`]).
    pub async fn ping(&self) -> Result<()> {
        self.database.ping_write().await
    }

    /// Closes the database ([`Database::close`]).
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Stores the decision on an order unless there is one already, and returns the
    /// stored authorisation.
    pub async fn insert_or_get(
        &self,
        order_id: &str,
        amount_cents: i64,
        decision: &Decision,
        now_ms: i64,
    ) -> Result<Authorisation> {
        let mut order_id = order_id.to_owned();
        if mutant("payment-not-keyed-by-order") && self.get(&order_id).await.is_ok() {
            order_id += "-again";
        }
        let mut transaction = self.database.begin_write().await?;
        // The no-op update makes RETURNING include an existing row.
        let row: Row = sqlx::query_as(
            "INSERT INTO authorisation (order_id, id, amount_cents, authorised, message, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (order_id) DO UPDATE SET order_id = excluded.order_id
             RETURNING *",
        )
        .bind(order_id)
        .bind(ids::new_id())
        .bind(amount_cents)
        .bind(i64::from(decision.authorised))
        .bind(&decision.message)
        .bind(now_ms)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Voids the authorisation of an order, idempotently. Without an authorisation a
    /// voided row is inserted, so that the order cannot be authorised later.
    pub async fn void(&self, order_id: &str, now_ms: i64) -> Result<Authorisation> {
        let mut transaction = self.database.begin_write().await?;
        let row: Row = sqlx::query_as(
            "INSERT INTO authorisation
                 (order_id, id, amount_cents, authorised, message, at_ms, voided_at_ms)
             VALUES ($1, $2, 0, 0, 'Payment voided before it was authorised', $3, $3)
             ON CONFLICT (order_id) DO UPDATE SET voided_at_ms =
                 coalesce(authorisation.voided_at_ms, excluded.voided_at_ms)
             RETURNING *",
        )
        .bind(order_id)
        .bind(ids::new_id())
        .bind(now_ms)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Returns the authorisation of an order.
    pub async fn get(&self, order_id: &str) -> Result<Authorisation> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM authorisation WHERE order_id = $1")
            .bind(order_id)
            .fetch_optional(self.database.reads())
            .await?;
        row.map(Authorisation::from)
            .ok_or(Error::NotFound("authorisation"))
    }

    /// Returns up to `size` authorisations with order ids greater than `after`.
    pub async fn list(&self, after: &str, size: u32) -> Result<Page> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM authorisation WHERE order_id > $1 ORDER BY order_id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(size) + 1)
        .fetch_all(self.database.reads())
        .await?;
        let more = rows.len() > size as usize;
        let rows = rows.into_iter().take(size as usize);
        let authorisations: Vec<_> = rows.map(Authorisation::from).collect();
        let last = authorisations.last().filter(|_| more);
        let next_page_token = last.map(|last| last.order_id.clone()).unwrap_or_default();
        Ok(Page {
            authorisations,
            next_page_token,
        })
    }
}

/// Database row of an authorisation.
#[derive(sqlx::FromRow)]
struct Row {
    order_id: String,
    id: String,
    amount_cents: i64,
    authorised: i64,
    message: String,
    at_ms: i64,
    voided_at_ms: Option<i64>,
}

impl From<Row> for Authorisation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            amount_cents: row.amount_cents,
            decision: Decision {
                authorised: row.authorised != 0,
                message: row.message,
            },
            at_ms: row.at_ms,
            voided_at_ms: row.voided_at_ms,
        }
    }
}
