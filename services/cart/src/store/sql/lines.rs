//! SQL statements for one cart and its lines.

use chassis::{Result, WriteTransaction, clock};
use sqlx::{Any, Executor};
use validation::quantity;

use crate::cart::{Cart, Item};

/// Locks the row of the cart until `transaction` ends.
pub(super) async fn lock(transaction: &mut WriteTransaction, customer: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO cart (customer_id, changed_at) VALUES ($1, $2)
         ON CONFLICT (customer_id) DO UPDATE SET changed_at = excluded.changed_at",
    )
    .bind(customer)
    .bind(clock::now_ms())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Cart and the time of its last renewal in milliseconds since the Unix epoch.
pub(super) struct Loaded {
    pub(super) cart: Cart,
    pub(super) touched_ms: i64,
}

/// Reads a cart; a cart without a row is empty.
pub(super) async fn load(
    from: impl Executor<'_, Database = Any>,
    customer: &str,
) -> Result<Loaded> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT changes, changed_at, id, product_id, quantity, unit_price_cents
         FROM cart LEFT JOIN line ON line.customer_id = cart.customer_id
         WHERE cart.customer_id = $1 ORDER BY position",
    )
    .bind(customer)
    .fetch_all(from)
    .await?;
    let (changes, touched_ms) = rows
        .first()
        .map_or((0, 0), |row| (row.changes, row.changed_at));
    let cart = Cart {
        customer_id: customer.to_owned(),
        items: rows.into_iter().filter_map(Row::item).collect(),
        changes: u64::try_from(changes).unwrap_or_default(),
    };
    Ok(Loaded { cart, touched_ms })
}

/// Writes the lines that differ, increments the change count and returns `after` with
/// the new count.
pub(super) async fn save(
    transaction: &mut WriteTransaction,
    before: &Cart,
    mut after: Cart,
) -> Result<Cart> {
    if before.items == after.items {
        return Ok(after);
    }
    for gone in &before.items {
        if after.item(&gone.product_id).is_err() {
            sqlx::query("DELETE FROM line WHERE customer_id = $1 AND product_id = $2")
                .bind(&before.customer_id)
                .bind(&gone.product_id)
                .execute(&mut **transaction)
                .await?;
        }
    }
    for item in &after.items {
        if !before.items.contains(item) {
            write(transaction, &after.customer_id, item).await?;
        }
    }
    sqlx::query("UPDATE cart SET changes = changes + 1 WHERE customer_id = $1")
        .bind(&after.customer_id)
        .execute(&mut **transaction)
        .await?;
    after.changes = before.changes + 1;
    Ok(after)
}

async fn write(transaction: &mut WriteTransaction, customer: &str, item: &Item) -> Result<()> {
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
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Deletes a cart and, by cascade, its lines.
pub(super) async fn remove(transaction: &mut WriteTransaction, customer: &str) -> Result<()> {
    sqlx::query("DELETE FROM cart WHERE customer_id = $1")
        .bind(customer)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Row of the join of a cart with its lines; the line is null in an empty cart.
#[derive(sqlx::FromRow)]
struct Row {
    changes: i64,
    changed_at: i64,
    id: Option<String>,
    product_id: Option<String>,
    quantity: Option<i64>,
    unit_price_cents: Option<i64>,
}

impl Row {
    fn item(self) -> Option<Item> {
        Some(Item {
            id: self.id?,
            product_id: self.product_id?,
            quantity: u32::try_from(self.quantity?).unwrap_or(quantity::MAX),
            unit_price_cents: self.unit_price_cents?,
        })
    }
}
