//! What the others are still to be told.
//!
//! A message is written in the transaction that made it true and removed after
//! it was delivered. Whoever claims it has a lease: a claim of a process that
//! died runs out, and another delivers.

use std::str::FromStr;

use chassis::{Error, Result, WriteTransaction};

use super::Store;
use crate::order::{Contents, Item, Order};

/// What somebody is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shipping: ship the order.
    Ship,
    /// Cart: take out what was bought.
    ClearCart,
    /// Payment: give the money back.
    Void,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Which order it is about.
    pub order_id: String,
    /// Kind of the message.
    pub kind: Kind,
    /// Whose order it is.
    pub customer_id: String,
    /// What its shipment is called.
    pub shipment_id: String,
    /// What was bought, where it is the cart that is told.
    pub bought: Vec<Item>,
    /// How often it was claimed.
    pub attempts: i64,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Ship, Self::ClearCart, Self::Void];

    /// The kind as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::ClearCart => "clear cart",
            Self::Void => "void",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("no such message: {text}"))
    }
}

/// Adds a message to a transaction.
pub(super) async fn write(
    change: &mut WriteTransaction,
    order: &Order,
    kind: Kind,
    at_ms: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (order_id, kind, customer_id, shipment_id, next_try_ms)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (order_id, kind) DO NOTHING",
    )
    .bind(&order.id)
    .bind(kind.as_str())
    .bind(&order.customer_id)
    .bind(&order.shipment_id)
    .bind(at_ms)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Claims due messages; `$skip` lets others claim different ones meanwhile.
macro_rules! claim {
    ($skip:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
                 SELECT order_id AS due_order, kind AS due_kind FROM outbox
                 WHERE next_try_ms <= $1 ORDER BY next_try_ms LIMIT $3 ",
            $skip,
            ")
             UPDATE outbox SET attempts = attempts + 1, next_try_ms = $2
             FROM due WHERE order_id = due_order AND kind = due_kind
             RETURNING order_id, kind, customer_id, shipment_id, attempts, CASE kind WHEN 'clear cart'
                 THEN (SELECT contents FROM orders WHERE orders.id = order_id) ELSE '' END AS contents"
        )
    };
}

impl Store {
    /// Returns messages that are due, and nobody else's until `lease_ms`.
    pub async fn claim(&self, now_ms: i64, lease_ms: i64, limit: i64) -> Result<Vec<Message>> {
        let query = if self.database.is_sqlite() {
            claim!("")
        } else {
            claim!("FOR UPDATE SKIP LOCKED")
        };
        let mut claim = self.database.begin_write().await?;
        let rows: Vec<Row> = sqlx::query_as(query)
            .bind(now_ms)
            .bind(lease_ms)
            .bind(limit)
            .fetch_all(&mut *claim)
            .await?;
        claim.commit().await?;
        rows.into_iter().map(Message::try_from).collect()
    }

    /// Removes what was delivered, and says when to try the rest again.
    pub async fn settle(&self, done: &[Message], again: &[(Message, i64)]) -> Result<()> {
        let mut change = self.database.begin_write().await?;
        for message in done {
            sqlx::query("DELETE FROM outbox WHERE order_id = $1 AND kind = $2")
                .bind(&message.order_id)
                .bind(message.kind.as_str())
                .execute(&mut *change)
                .await?;
        }
        for (message, at_ms) in again {
            sqlx::query("UPDATE outbox SET next_try_ms = $3 WHERE order_id = $1 AND kind = $2")
                .bind(&message.order_id)
                .bind(message.kind.as_str())
                .bind(at_ms)
                .execute(&mut *change)
                .await?;
        }
        change.commit().await?;
        Ok(())
    }
}

/// A message as the database spells it.
#[derive(sqlx::FromRow)]
struct Row {
    order_id: String,
    kind: String,
    customer_id: String,
    shipment_id: String,
    attempts: i64,
    contents: String,
}

impl TryFrom<Row> for Message {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let bought = match &*row.contents {
            "" => Vec::new(),
            json => {
                let contents: Contents = serde_json::from_str(json).map_err(Error::internal)?;
                contents.items
            }
        };
        Ok(Self {
            order_id: row.order_id,
            kind: row.kind.parse().map_err(Error::internal)?,
            customer_id: row.customer_id,
            shipment_id: row.shipment_id,
            bought,
            attempts: row.attempts,
        })
    }
}
