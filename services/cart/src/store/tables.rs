//! Carts in `SQLite` or `PostgreSQL`.
//!
//! A change locks the cart's row, reads the cart, applies a rule of
//! [`Cart`] and writes the lines that differ. The lock is what makes parallel
//! changes, also by other instances, follow one another.

use chassis::{Database, Result, clock};

use crate::cart::{Addition, Bought, Cart};

mod lines;

use lines::{load, lock, remove, save};

/// Carts in a database. Clones share one connection pool.
#[derive(Clone)]
pub struct Tables {
    database: Database,
}

impl Tables {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
        let database = Database::open(url, &MIGRATOR).await?;
        Ok(Self { database })
    }

    pub(super) async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }

    pub(super) async fn get(&self, customer: &str) -> Result<Cart> {
        load(self.database.pool(), customer).await
    }

    pub(super) async fn add(
        &self,
        customer: &str,
        addition: &Addition,
        new_id: &str,
    ) -> Result<Cart> {
        self.change(customer, |cart| cart.add(addition, new_id))
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
        let mut work = self.database.begin_write().await?;
        lock(&mut work, customer).await?;
        let before = load(&mut *work, customer).await?;
        let mut after = before.clone();
        rule(&mut after)?;
        save(&mut work, &before, &after).await?;
        work.commit().await?;
        Ok(after)
    }

    pub(super) async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        if self.get(from).await?.items.is_empty() {
            return self.get(into).await; // every sign-in merges, mostly nothing
        }
        let mut work = self.database.begin_write().await?;
        // In one order everywhere, so that two merges never wait for each other.
        lock(&mut work, from.min(into)).await?;
        lock(&mut work, from.max(into)).await?;
        let guest = load(&mut *work, from).await?;
        let before = load(&mut *work, into).await?;
        let mut after = before.clone();
        after.merge(guest)?;
        remove(&mut *work, from).await?;
        save(&mut work, &before, &after).await?;
        work.commit().await?;
        Ok(after)
    }

    pub(super) async fn clear(&self, customer: &str) -> Result<()> {
        remove(self.database.pool(), customer).await
    }

    pub(super) async fn take_out(
        &self,
        customer: &str,
        order: &str,
        bought: &[Bought],
    ) -> Result<()> {
        let mut work = self.database.begin_write().await?;
        let first = sqlx::query(
            "INSERT INTO cleared_order (order_id, cleared_at) VALUES ($1, $2)
             ON CONFLICT (order_id) DO NOTHING",
        )
        .bind(order)
        .bind(clock::now_ms())
        .execute(&mut *work)
        .await?;
        if first.rows_affected() == 1 {
            lock(&mut work, customer).await?;
            let before = load(&mut *work, customer).await?;
            let mut after = before.clone();
            after.take_out(bought);
            if after.items.is_empty() {
                remove(&mut *work, customer).await?;
            } else {
                save(&mut work, &before, &after).await?;
            }
        }
        work.commit().await?;
        Ok(())
    }

    pub(super) async fn forget_before(&self, time: i64) -> Result<()> {
        for old in [
            "DELETE FROM cart WHERE changed_at < $1",
            "DELETE FROM cleared_order WHERE cleared_at < $1",
        ] {
            let old = sqlx::query(old).bind(time);
            old.execute(self.database.pool()).await?;
        }
        Ok(())
    }
}
