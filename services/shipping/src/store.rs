//! Shipments in a database: one table, which is also the queue.

mod row;

use chassis::{Database, Error, Result};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use crate::queue::{self, Queue};
use crate::shipment::{Lease, Shipment, State};
use row::Row;

/// Keeps shipments. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

/// Some shipments, and where the next ones begin.
#[derive(Debug)]
pub struct Page {
    /// In the order of their ids.
    pub found: Vec<Shipment>,
    /// What to ask for next; empty at the end.
    pub next: String,
}

static MIGRATIONS: Migrator = sqlx::migrate!();

const ONE: &str = "SELECT * FROM shipment WHERE id = $1";
const OF_ORDER: &str = "SELECT * FROM shipment WHERE order_id = $1";
const OLDEST: &str = "SELECT * FROM shipment WHERE due_at_ms <= $1
                      ORDER BY created_at_ms, id LIMIT $2";

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

    /// Keeps a new shipment, unless there is one of its order, or of its id when it has
    /// no order: then returns that one. Fails when the id belongs to another order.
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

    /// Returns the shipment called `id`.
    pub async fn get(&self, id: &str) -> Result<Shipment> {
        let row: Option<Row> = sqlx::query_as(ONE)
            .bind(id)
            .fetch_optional(self.database.reads())
            .await?;
        row.ok_or(Error::NotFound("shipment"))?.try_into()
    }

    /// Returns the shipments of `orders`; an order without one is left out.
    pub async fn of_orders(&self, orders: &[String]) -> Result<Vec<Shipment>> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<_> = (1..=orders.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT * FROM shipment WHERE order_id IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for order in orders {
            query = query.bind(order);
        }
        let rows: Vec<Row> = query.fetch_all(self.database.reads()).await?;
        rows.into_iter().map(Shipment::try_from).collect()
    }

    /// Returns at most `size` shipments, in `state` if that is given, that follow `after`.
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
        let found = rows.map(Shipment::try_from).collect::<Result<Vec<_>>>()?;
        let last = found.last().filter(|_| more);
        let next = last.map(|last| last.id.clone()).unwrap_or_default();
        Ok(Page { found, next })
    }

    /// Gives the oldest shipments that wait, or whose lease ran out, to a worker.
    pub async fn lease(&self, lease: &Lease, max: u32) -> Result<Vec<Shipment>> {
        let mut transaction = self.database.begin_write().await?;
        let rows: Vec<Row> = sqlx::query_as(self.locked(OLDEST, " FOR UPDATE SKIP LOCKED"))
            .bind(lease.now_ms)
            .bind(i64::from(max))
            .fetch_all(&mut *transaction)
            .await?;
        let mut leased = Vec::with_capacity(rows.len());
        for row in rows {
            let mut shipment = Shipment::try_from(row)?;
            let given = shipment.lease(lease);
            row::update(&shipment, &mut transaction).await?;
            if given {
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

    /// Applies `rule` to the shipment called `id`, which nobody else changes meanwhile.
    pub async fn change<F>(&self, id: &str, rule: F) -> Result<Shipment>
    where
        F: FnOnce(&mut Shipment) -> Result<()>,
    {
        self.apply(ONE, id, rule).await
    }

    /// Recalls the shipment of an order; when there is none, keeps `never` in its
    /// place, so that none can come in later.
    pub async fn recall(&self, never: &Shipment) -> Result<Shipment> {
        if row::insert(never, &self.database).await? {
            return Ok(never.clone());
        }
        let order = never.order_id.as_deref().unwrap_or_default();
        self.apply(OF_ORDER, order, Shipment::recall).await
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
            queue::shipped(1);
        }
        Ok(shipment)
    }

    /// Returns how much waits at `now_ms`.
    pub async fn queue(&self, now_ms: i64) -> Result<Queue> {
        let (depth, oldest, stuck): (i64, Option<i64>, i64) = sqlx::query_as(
            "SELECT count(*), min(created_at_ms),
                    (SELECT count(*) FROM shipment WHERE state = 'stuck')
             FROM shipment WHERE due_at_ms IS NOT NULL",
        )
        .fetch_one(self.database.reads())
        .await?;
        Ok(Queue {
            depth,
            oldest_age_ms: oldest.map_or(0, |created| (now_ms - created).max(0)),
            stuck,
        })
    }

    /// `SQLite` has no row locks and needs none: writers take turns.
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
        let never = Shipment::never("n", "order", 6).unwrap();
        assert!(store.recall(&never).await.is_err());

        drop(Database::open(&url, &MIGRATIONS).await.unwrap());
        assert_eq!(store.get("s").await.unwrap(), shipment);
        let recalled = store.recall(&never).await.unwrap();
        assert_eq!((&*recalled.id, recalled.state), ("s", State::Recalled));
    }

    #[tokio::test]
    async fn the_oldest_are_found_by_the_index_of_the_queue() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {OLDEST}")))
                .bind(1i64)
                .bind(1i64)
                .fetch_all(store.database.reads())
                .await
                .unwrap();
        let steps: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        assert_eq!(steps, ["SCAN shipment USING INDEX shipment_queue"]);
    }
}
