//! SQL store of shipments; its table is also the work queue.

mod row;

use chassis::{Database, Error, Result};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use crate::queue::{self, QueueStats};
use crate::shipment::{Lease, Shipment, State};
use row::Row;

/// Store of shipments. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// Page of a list of shipments.
#[derive(Debug)]
pub struct Page {
    /// Shipments, sorted by id.
    pub shipments: Vec<Shipment>,
    /// Token of the next page; empty on the last page.
    pub next_page_token: String,
}

static MIGRATIONS: Migrator = sqlx::migrate!();

const SELECT_BY_ID: &str = "SELECT * FROM shipment WHERE id = $1";
const SELECT_BY_ORDER: &str = "SELECT * FROM shipment WHERE order_id = $1";
const SELECT_DUE: &str = "SELECT * FROM shipment WHERE due_at_ms <= $1
                      ORDER BY created_at_ms, id LIMIT $2";

impl Store {
    /// Opens the database at `url` and runs pending migrations.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
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

    /// Inserts a shipment, or returns the existing shipment of its order (of its id when
    /// it has no order). Fails when the id belongs to another order.
    pub async fn create(&self, shipment: &Shipment) -> Result<Shipment> {
        if row::insert(shipment, &self.database).await? {
            return Ok(shipment.clone());
        }
        let first: Option<Row> = sqlx::query_as(
            "SELECT * FROM shipment WHERE order_id = $1 OR ($1 IS NULL AND id = $2)",
        )
        .bind(&shipment.order_id)
        .bind(&shipment.id)
        .fetch_optional(self.database.reads())
        .await?;
        first.ok_or(Error::Exists("shipment"))?.try_into()
    }

    /// Returns the shipment with `id`.
    pub async fn get(&self, id: &str) -> Result<Shipment> {
        let row: Option<Row> = sqlx::query_as(SELECT_BY_ID)
            .bind(id)
            .fetch_optional(self.database.reads())
            .await?;
        row.ok_or(Error::NotFound("shipment"))?.try_into()
    }

    /// Returns the shipments of `orders`; orders without a shipment are omitted.
    pub async fn get_by_orders(&self, orders: &[String]) -> Result<Vec<Shipment>> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let placeholders: Vec<_> = (1..=orders.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT * FROM shipment WHERE order_id IN ({})",
            placeholders.join(", ")
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for order in orders {
            query = query.bind(order);
        }
        let rows: Vec<Row> = query.fetch_all(self.database.reads()).await?;
        rows.into_iter().map(Shipment::try_from).collect()
    }

    /// Returns up to `size` shipments with ids greater than `after`, in `state` if given.
    pub async fn list(&self, state: Option<State>, after: &str, size: u32) -> Result<Page> {
        let query = match state {
            None => sqlx::query_as("SELECT * FROM shipment WHERE id > $1 ORDER BY id LIMIT $2"),
            Some(_) => sqlx::query_as(
                "SELECT * FROM shipment WHERE state = $3 AND id > $1 ORDER BY id LIMIT $2",
            ),
        };
        let mut query = query.bind(after).bind(i64::from(size) + 1);
        if let Some(state) = state {
            query = query.bind(state.as_str());
        }
        let rows: Vec<Row> = query.fetch_all(self.database.reads()).await?;
        let more = rows.len() > size as usize;
        let rows = rows.into_iter().take(size as usize);
        let shipments = rows.map(Shipment::try_from).collect::<Result<Vec<_>>>()?;
        let last = shipments.last().filter(|_| more);
        let next_page_token = last.map(|last| last.id.clone()).unwrap_or_default();
        Ok(Page {
            shipments,
            next_page_token,
        })
    }

    /// Leases up to `max` of the oldest shipments that are due to a worker.
    pub async fn lease(&self, lease: &Lease, max: u32) -> Result<Vec<Shipment>> {
        let mut transaction = self.database.begin_write().await?;
        let rows: Vec<Row> = sqlx::query_as(self.locked(SELECT_DUE, " FOR UPDATE SKIP LOCKED"))
            .bind(lease.now_ms)
            .bind(i64::from(max))
            .fetch_all(&mut *transaction)
            .await?;
        let mut leased = Vec::with_capacity(rows.len());
        for row in rows {
            let mut shipment = Shipment::try_from(row)?;
            let is_leased = shipment.lease(lease);
            row::update(&shipment, &mut transaction).await?;
            if is_leased {
                leased.push(shipment);
            } else {
                tracing::error!(
                    shipment = shipment.id,
                    reason = shipment.failure,
                    "shipment is stuck"
                );
            }
        }
        transaction.commit().await?;
        Ok(leased)
    }

    /// Applies `rule` to the shipment with `id` under a row lock.
    pub async fn change<F>(&self, id: &str, rule: F) -> Result<Shipment>
    where
        F: FnOnce(&mut Shipment) -> Result<()>,
    {
        self.apply(SELECT_BY_ID, id, rule).await
    }

    /// Recalls the shipment of an order; when there is none, inserts `tombstone`, so that
    /// none can be created later.
    pub async fn recall(&self, tombstone: &Shipment) -> Result<Shipment> {
        if row::insert(tombstone, &self.database).await? {
            return Ok(tombstone.clone());
        }
        let order = tombstone.order_id.as_deref().unwrap_or_default();
        self.apply(SELECT_BY_ORDER, order, Shipment::recall).await
    }

    async fn apply<F>(&self, select: &'static str, name: &str, rule: F) -> Result<Shipment>
    where
        F: FnOnce(&mut Shipment) -> Result<()>,
    {
        let mut transaction = self.database.begin_write().await?;
        let row: Option<Row> = sqlx::query_as(self.locked(select, " FOR UPDATE"))
            .bind(name)
            .fetch_optional(&mut *transaction)
            .await?;
        let before = Shipment::try_from(row.ok_or(Error::NotFound("shipment"))?)?;
        let mut shipment = before.clone();
        rule(&mut shipment)?;
        if shipment == before {
            return Ok(shipment);
        }
        row::update(&shipment, &mut transaction).await?;
        transaction.commit().await?;
        if shipment.state == State::Shipped {
            queue::count_shipped(1);
        }
        Ok(shipment)
    }

    /// Returns the queue statistics at `now_ms`.
    pub async fn queue_stats(&self, now_ms: i64) -> Result<QueueStats> {
        let (depth, oldest, stuck): (i64, Option<i64>, i64) = sqlx::query_as(
            "SELECT count(*), min(created_at_ms),
                    (SELECT count(*) FROM shipment WHERE state = 'stuck')
             FROM shipment WHERE due_at_ms IS NOT NULL",
        )
        .fetch_one(self.database.reads())
        .await?;
        Ok(QueueStats {
            depth,
            oldest_age_ms: oldest.map_or(0, |created| (now_ms - created).max(0)),
            stuck,
        })
    }

    /// Appends the lock clause, except on `SQLite`, which serialises writers anyway.
    fn locked(&self, select: &'static str, lock: &'static str) -> AssertSqlSafe<String> {
        let lock = if self.database.is_sqlite() { "" } else { lock };
        AssertSqlSafe(format!("{select}{lock}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_kept_before_there_were_recalls_is_kept() {
        let first = MIGRATIONS.iter().take(1).cloned().collect();
        let first = Migrator::with_migrations(first);
        let folder = tempfile::tempdir().unwrap();
        let mut url = chassis::testing::database_url().await;
        if url.starts_with("sqlite:") {
            url = format!("sqlite:{}/shipping.db?mode=rwc", folder.path().display());
        }
        let database = Database::open(&url, Box::leak(Box::new(first))).await;
        let store = Store {
            database: database.unwrap(),
        };
        let shipment = Shipment::new("s", "order", "ann", 5).unwrap();
        store.create(&shipment).await.unwrap();
        let tombstone = Shipment::tombstone("n", "order", 6).unwrap();
        assert!(store.recall(&tombstone).await.is_err());

        drop(Database::open(&url, &MIGRATIONS).await.unwrap());
        assert_eq!(store.get("s").await.unwrap(), shipment);
        let recalled = store.recall(&tombstone).await.unwrap();
        assert_eq!((&*recalled.id, recalled.state), ("s", State::Recalled));
    }

    #[tokio::test]
    async fn the_oldest_are_found_by_the_index_of_the_queue() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {SELECT_DUE}")))
                .bind(1i64)
                .bind(1i64)
                .fetch_all(store.database.reads())
                .await
                .unwrap();
        let steps: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        assert_eq!(steps, ["SCAN shipment USING INDEX shipment_queue"]);
    }
}
