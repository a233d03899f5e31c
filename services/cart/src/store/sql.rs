//! SQL store of carts, in `SQLite` or `PostgreSQL`.
//!
//! A change locks the cart's row, reads the cart, applies a rule of [`Cart`] and
//! writes the lines that differ. The row lock serialises concurrent changes, also
//! by other instances.

use chassis::{Database, Result, clock};

use super::{CLEARED_ORDER_TTL_MS, Retention};
use crate::cart::{ACCOUNT_ID_CHARS, Cart, NewItem, PurchasedItem, is_guest};

mod lines;

use lines::{load, lock, remove, save};

/// SQL store. Clones share one connection pool.
#[derive(Clone)]
pub struct SqlStore {
    database: Database,
    retention: Retention,
}

/// Maximum number of carts per delete statement of a sweep, so that changes never
/// wait long.
const SWEEP_BATCH: i64 = 500;

impl SqlStore {
    pub(super) async fn open(url: &str, retention: Retention) -> anyhow::Result<Self> {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
        let database = Database::open(url, &MIGRATOR).await?;
        Ok(Self {
            database,
            retention,
        })
    }

    pub(super) async fn ping(&self) -> Result<()> {
        self.database.ping_write().await
    }

    pub(super) async fn close(&self) {
        self.database.close().await;
    }

    pub(super) async fn get(&self, customer: &str) -> Result<Cart> {
        let found = load(self.database.reads(), customer).await?;
        let now = clock::now_ms();
        let is_old = now - found.touched_ms > self.retention.touch_after_ms();
        if is_old && !found.cart.items.is_empty() && is_guest(customer) {
            // A failed write must not fail the read.
            if let Err(error) = self.touch(customer, now).await {
                tracing::warn!(%error, "cannot renew the cart's expiry");
            }
        }
        Ok(found.cart)
    }

    async fn touch(&self, customer: &str, now_ms: i64) -> Result<()> {
        let mut transaction = self.database.begin_write().await?;
        sqlx::query("UPDATE cart SET changed_at = $2 WHERE customer_id = $1")
            .bind(customer)
            .bind(now_ms)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn add(
        &self,
        customer: &str,
        new_item: &NewItem,
        new_id: &str,
    ) -> Result<Cart> {
        self.change(customer, |cart| cart.add(new_item, new_id))
            .await
    }

    pub(super) async fn set(&self, customer: &str, product: &str, quantity: u32) -> Result<Cart> {
        self.change(customer, |cart| cart.set_quantity(product, quantity))
            .await
    }

    async fn change(
        &self,
        customer: &str,
        rule: impl FnOnce(&mut Cart) -> Result<()>,
    ) -> Result<Cart> {
        let mut transaction = self.database.begin_write().await?;
        lock(&mut transaction, customer).await?;
        let before = load(&mut *transaction, customer).await?.cart;
        let mut after = before.clone();
        rule(&mut after)?;
        let after = save(&mut transaction, &before, after).await?;
        transaction.commit().await?;
        Ok(after)
    }

    pub(super) async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        if self.get(from).await?.items.is_empty() {
            return self.get(into).await; // every sign-in merges, mostly nothing
        }
        let mut transaction = self.database.begin_write().await?;
        // Lock in id order, so that two merges cannot deadlock.
        lock(&mut transaction, from.min(into)).await?;
        lock(&mut transaction, from.max(into)).await?;
        let guest = load(&mut *transaction, from).await?.cart;
        let before = load(&mut *transaction, into).await?.cart;
        let mut after = before.clone();
        after.merge(guest)?;
        remove(&mut transaction, from).await?;
        let after = save(&mut transaction, &before, after).await?;
        transaction.commit().await?;
        Ok(after)
    }

    pub(super) async fn clear(&self, customer: &str) -> Result<()> {
        let mut transaction = self.database.begin_write().await?;
        remove(&mut transaction, customer).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn remove_purchased(
        &self,
        customer: &str,
        order: &str,
        purchased: &[PurchasedItem],
    ) -> Result<()> {
        let mut transaction = self.database.begin_write().await?;
        let first = sqlx::query(
            "INSERT INTO cleared_order (order_id, cleared_at) VALUES ($1, $2)
             ON CONFLICT (order_id) DO NOTHING",
        )
        .bind(order)
        .bind(clock::now_ms())
        .execute(&mut *transaction)
        .await?;
        if first.rows_affected() == 1 {
            lock(&mut transaction, customer).await?;
            let before = load(&mut *transaction, customer).await?.cart;
            let mut after = before.clone();
            after.remove_purchased(purchased);
            if after.items.is_empty() {
                remove(&mut transaction, customer).await?;
            } else {
                save(&mut transaction, &before, after).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn sweep(&self, now_ms: i64) -> Result<u64> {
        let old = now_ms - self.retention.guest_ttl_ms;
        let mut swept = 0;
        loop {
            let batch = self.sweep_batch(old).await?;
            swept += batch;
            if batch < SWEEP_BATCH.unsigned_abs() {
                break;
            }
        }
        let mut transaction = self.database.begin_write().await?;
        sqlx::query("DELETE FROM cleared_order WHERE cleared_at < $1")
            .bind(now_ms - CLEARED_ORDER_TTL_MS)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(swept)
    }

    /// Deletes a batch of guest carts last used before `old_ms`. The outer condition
    /// re-checks a cart that is renewed while this waits for its row lock.
    async fn sweep_batch(&self, old_ms: i64) -> Result<u64> {
        let account_id_chars = i64::try_from(ACCOUNT_ID_CHARS).unwrap_or(i64::MAX);
        let mut transaction = self.database.begin_write().await?;
        let swept = sqlx::query(
            "DELETE FROM cart WHERE changed_at < $1 AND customer_id IN (
                 SELECT customer_id FROM cart WHERE changed_at < $1 AND length(customer_id) <> $2
                 ORDER BY changed_at LIMIT $3)",
        )
        .bind(old_ms)
        .bind(account_id_chars)
        .bind(SWEEP_BATCH)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(swept.rows_affected())
    }
}
