//! Every change of an order: each is one transaction, and each is guarded by
//! the state it leaves, so that of two processes doing the same only one does
//! it.

use chassis::fault::failpoint::{fail_point, mutant};
use chassis::{Error, Result, WriteTransaction, ids};
use uuid::Uuid;

use super::outbox::{Kind, write};
use super::{Row, Store, with_columns};
use crate::order::{Contents, Order, PlaceOrder};
use crate::status::{State, Transition};

/// What becomes of an idempotency key when its order is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A repeat with it means this order.
    Kept,
    /// A repeat with it is a new attempt.
    Freed,
}

/// What came of the wish to begin an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The order that holds the key of the wish: a new one, or an earlier one.
    Order(Box<Order>),
    /// Nothing: this order, of another key, buys the same revision of the cart.
    Rival(Box<Order>),
}

impl Store {
    /// Writes down that a customer wants to order, or returns the order that
    /// holds the same key or the same revision of the cart already.
    pub async fn begin(&self, wish: &PlaceOrder, now_ms: i64) -> Result<Begun> {
        // The order that is in the way can give up its key before it is read.
        for _ in 0..3 {
            if let Some(order) = self.insert(wish, now_ms).await? {
                return Ok(Begun::Order(Box::new(order)));
            }
            if let Some(order) = self.holding(&wish.customer_id, &wish.key).await? {
                return Ok(Begun::Order(Box::new(order)));
            }
            let revision = wish.cart_revision.as_deref().unwrap_or_default();
            if let Some(rival) = self.buying(&wish.customer_id, revision).await? {
                return Ok(Begun::Rival(Box::new(rival)));
            }
        }
        Err(Error::unavailable(
            "an idempotency key changes hands too fast",
        ))
    }

    async fn insert(&self, wish: &PlaceOrder, now_ms: i64) -> Result<Option<Order>> {
        let revision = match &wish.cart_revision {
            Some(revision) if !mutant("cart-revision-not-unique") => revision,
            _ => "",
        };
        let mut change = self.database.begin_write().await?;
        // Both the key and the revision may be taken: whichever it is, there is no second order.
        let row: Option<Row> = sqlx::query_as(with_columns!(
            "INSERT INTO orders (id, customer_id, idempotency_key, state, shipment_id, keep_cart, placed_at_ms, key_held,
                 cart_revision)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT DO NOTHING
             RETURNING",
            ""
        ))
        .bind(ids::new_id())
        .bind(&wish.customer_id)
        .bind(&wish.key)
        .bind(State::Pending.as_str())
        .bind(Uuid::new_v4().to_string())
        .bind(i64::from(wish.keep_cart))
        .bind(now_ms)
        .bind(i64::from(!mutant("no-idempotency-key")))
        .bind(revision)
        .fetch_optional(&mut *change)
        .await?;
        change.commit().await?;
        row.map(Order::try_from).transpose()
    }

    /// Fixes contents and price of a pending order. The first to do so wins;
    /// the order is returned as it is then.
    pub async fn fix(&self, id: &str, contents: &Contents, mut total: i64) -> Result<Order> {
        let subtotal = contents.subtotal_cents()?;
        if mutant("totals-rounded") {
            total = total / 100 * 100;
        }
        let json = serde_json::to_string(contents).map_err(Error::internal)?;
        let mut change = self.database.begin_write().await?;
        sqlx::query(
            "UPDATE orders SET contents = $2, subtotal_cents = $3, total_cents = $4
             WHERE id = $1 AND state = $5 AND contents = ''",
        )
        .bind(id)
        .bind(json)
        .bind(subtotal)
        .bind(total)
        .bind(State::Pending.as_str())
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        self.get(id).await
    }

    /// Marks a pending order as paid, and notes what the others must be told.
    /// False when it was no longer pending.
    pub async fn pay(&self, id: &str, now_ms: i64) -> Result<bool> {
        let mut change = self.database.begin_write().await?;
        let Some(order) = take(&mut change, Transition::Pay, id, "", now_ms).await? else {
            return Ok(false);
        };
        write(&mut change, &order, Kind::Ship, now_ms).await?;
        if !order.keep_cart {
            write(&mut change, &order, Kind::ClearCart, now_ms).await?;
        }
        fail_point("paid-uncommitted");
        change.commit().await?;
        Ok(true)
    }

    /// Marks a pending order as declined. False when it was no longer pending.
    pub async fn decline(&self, id: &str, reason: &str, now_ms: i64) -> Result<bool> {
        let mut change = self.database.begin_write().await?;
        let taken = take(&mut change, Transition::Decline, id, reason, now_ms).await?;
        change.commit().await?;
        Ok(taken.is_some())
    }

    /// Gives a pending order up. When payment may have been asked, it is to be
    /// told to give the money back. False when the order was no longer pending.
    pub async fn abandon(&self, id: &str, reason: &str, key: Key, now_ms: i64) -> Result<bool> {
        let mut change = self.database.begin_write().await?;
        let Some(order) = take(&mut change, Transition::Abandon, id, reason, now_ms).await? else {
            return Ok(false);
        };
        if order.contents.is_some() {
            write(&mut change, &order, Kind::Void, now_ms).await?;
        }
        if key == Key::Freed {
            sqlx::query("UPDATE orders SET key_held = 0 WHERE id = $1")
                .bind(id)
                .execute(&mut *change)
                .await?;
        }
        change.commit().await?;
        Ok(true)
    }

    /// Cancels a paid order whose shipment is recalled, and notes that payment
    /// must give the money back. False when the order was not paid, or no longer.
    pub async fn recall(&self, id: &str, reason: &str, now_ms: i64) -> Result<bool> {
        let mut change = self.database.begin_write().await?;
        let done = take_back(&mut change, id, reason, now_ms).await?;
        change.commit().await?;
        Ok(done)
    }

    /// Cancels a paid order of which shipping was not told yet, nor ever will
    /// be. False when it is too late.
    pub async fn withdraw(&self, id: &str, reason: &str, now_ms: i64) -> Result<bool> {
        let mut change = self.database.begin_write().await?;
        let untold =
            sqlx::query("DELETE FROM outbox WHERE order_id = $1 AND kind = $2 AND attempts = 0")
                .bind(id)
                .bind(Kind::Ship.as_str())
                .execute(&mut *change)
                .await?;
        if untold.rows_affected() == 0 || !take_back(&mut change, id, reason, now_ms).await? {
            return Ok(false);
        }
        change.commit().await?;
        Ok(true)
    }

    /// Records how far shipping has come with some orders; zero for what has
    /// not happened. Returns how many steps that were news.
    pub async fn advance(&self, progress: &[Progress]) -> Result<usize> {
        let mut change = self.database.begin_write().await?;
        let mut outbox_ready = 0;
        for one in progress {
            for (step, at_ms) in [
                (Transition::Pack, one.packed_ms),
                (Transition::Ship, one.shipped_ms),
            ] {
                if at_ms > 0
                    && take(&mut change, step, &one.order_id, "", at_ms)
                        .await?
                        .is_some()
                {
                    outbox_ready += 1;
                }
            }
        }
        change.commit().await?;
        Ok(outbox_ready)
    }
}

async fn take_back(
    change: &mut WriteTransaction,
    id: &str,
    reason: &str,
    now_ms: i64,
) -> Result<bool> {
    let Some(order) = take(change, Transition::Recall, id, reason, now_ms).await? else {
        return Ok(false);
    };
    write(change, &order, Kind::Void, now_ms).await?;
    Ok(true)
}

/// Takes one step, if the order stands where the step begins.
async fn take(
    change: &mut WriteTransaction,
    step: Transition,
    id: &str,
    reason: &str,
    now_ms: i64,
) -> Result<Option<Order>> {
    let row: Option<Row> = sqlx::query_as(with_columns!(
        "UPDATE orders SET state = $2, reason = $3,
            paid_at_ms = CASE $2 WHEN 'paid' THEN $4 ELSE paid_at_ms END,
            packed_at_ms = CASE $2 WHEN 'packed' THEN $4 ELSE packed_at_ms END,
            shipped_at_ms = CASE $2 WHEN 'shipped' THEN $4 ELSE shipped_at_ms END,
            closed_at_ms = CASE WHEN $2 IN ('declined', 'cancelled') THEN $4 ELSE closed_at_ms END
         WHERE id = $1 AND state = $5
         RETURNING",
        ""
    ))
    .bind(id)
    .bind(step.reaches().as_str())
    .bind(reason)
    .bind(now_ms)
    .bind(step.leaves().as_str())
    .fetch_optional(&mut **change)
    .await?;
    row.map(Order::try_from).transpose()
}

/// How far shipping has come with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whose shipment it is.
    pub order_id: String,
    /// When it was packed, in milliseconds since the Unix epoch; zero when it was not.
    pub packed_ms: i64,
    /// When it was shipped, likewise.
    pub shipped_ms: i64,
    /// Whether it was taken back, and will never be packed.
    pub recalled: bool,
}
