//! The lines of one cart, in SQL.

use chassis::{Result, clock};
use sqlx::{Any, Executor, Transaction};

use crate::cart::{Cart, Item, MOST_HELD};

pub(super) type Work = Transaction<'static, Any>;

/// Holds back every other change of this cart until `work` ends.
pub(super) async fn lock(work: &mut Work, customer: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO cart (customer_id, changed_at) VALUES ($1, $2)
         ON CONFLICT (customer_id) DO UPDATE SET changed_at = excluded.changed_at",
    )
    .bind(customer)
    .bind(clock::now_ms())
    .execute(&mut **work)
    .await?;
    Ok(())
}

/// Reads a cart; one without a row is empty.
pub(super) async fn load(from: impl Executor<'_, Database = Any>, customer: &str) -> Result<Cart> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, product_id, quantity, unit_price_cents
         FROM line WHERE customer_id = $1 ORDER BY position",
    )
    .bind(customer)
    .fetch_all(from)
    .await?;
    Ok(Cart {
        customer_id: customer.to_owned(),
        items: rows.into_iter().map(Item::from).collect(),
    })
}

/// Writes the lines that differ.
pub(super) async fn save(work: &mut Work, before: &Cart, after: &Cart) -> Result<()> {
    for gone in &before.items {
        if after.item(&gone.product_id).is_err() {
            sqlx::query("DELETE FROM line WHERE customer_id = $1 AND product_id = $2")
                .bind(&before.customer_id)
                .bind(&gone.product_id)
                .execute(&mut **work)
                .await?;
        }
    }
    for item in &after.items {
        if !before.items.contains(item) {
            write(work, &after.customer_id, item).await?;
        }
    }
    Ok(())
}

async fn write(work: &mut Work, customer: &str, item: &Item) -> Result<()> {
    sqlx::query(
        "INSERT INTO line (customer_id, product_id, position, id, quantity, unit_price_cents)
         VALUES ($1, $2, (SELECT coalesce(max(position), 0) + 1 FROM line WHERE customer_id = $1), $3, $4, $5)
         ON CONFLICT (customer_id, product_id) DO UPDATE SET quantity = excluded.quantity",
    )
    .bind(customer)
    .bind(&item.product_id)
    .bind(&item.id)
    .bind(i64::from(item.quantity))
    .bind(item.unit_price_cents)
    .execute(&mut **work)
    .await?;
    Ok(())
}

/// Deletes a cart and, by cascade, its lines.
pub(super) async fn remove(from: impl Executor<'_, Database = Any>, customer: &str) -> Result<()> {
    sqlx::query("DELETE FROM cart WHERE customer_id = $1")
        .bind(customer)
        .execute(from)
        .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    product_id: String,
    quantity: i64,
    unit_price_cents: i64,
}

impl From<Row> for Item {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            product_id: row.product_id,
            quantity: u32::try_from(row.quantity).unwrap_or(MOST_HELD),
            unit_price_cents: row.unit_price_cents,
        }
    }
}
