//! Authorisations in a database: one row per order.

use chassis::sabotage::mutant;
use chassis::{Database, Error, Result, ids};

use crate::authorisation::{Authorisation, Verdict};

/// Keeps authorisations. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// Some authorisations, and where the next ones begin.
#[derive(Debug)]
pub struct Page {
    /// In the order of their orders' ids.
    pub found: Vec<Authorisation>,
    /// What to ask for next; empty at the end.
    pub next: String,
}

impl Store {
    /// Opens the database at `url`, creating its tables when they are missing.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
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

    /// Keeps the verdict about an order, unless there is one already, and returns
    /// the one that is kept.
    pub async fn keep(
        &self,
        order_id: &str,
        amount_cents: i64,
        verdict: &Verdict,
        now_ms: i64,
    ) -> Result<Authorisation> {
        let mut order_id = order_id.to_owned();
        if mutant("payment-not-keyed-by-order") && self.get(&order_id).await.is_ok() {
            order_id += "-again";
        }
        let mut transaction = self.database.begin_write().await?;
        // The update changes nothing: it makes an older row come back, too.
        let row: Row = sqlx::query_as(
            "INSERT INTO authorisation (order_id, id, amount_cents, authorised, message, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (order_id) DO UPDATE SET order_id = excluded.order_id
             RETURNING *",
        )
        .bind(order_id)
        .bind(ids::new_id())
        .bind(amount_cents)
        .bind(i64::from(verdict.authorised))
        .bind(&verdict.message)
        .bind(now_ms)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Notes that an order's money goes back, once; an order nobody asked about
    /// leaves a row all the same, so that it cannot be authorised later.
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

    /// Returns at most `size` authorisations, of the orders that follow `after`.
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
        let found: Vec<_> = rows.map(Authorisation::from).collect();
        let next = found.last().filter(|_| more);
        let next = next.map(|last| last.order_id.clone()).unwrap_or_default();
        Ok(Page { found, next })
    }
}

/// An authorisation as the database spells it.
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
            verdict: Verdict {
                authorised: row.authorised != 0,
                message: row.message,
            },
            at_ms: row.at_ms,
            voided_at_ms: row.voided_at_ms,
        }
    }
}
