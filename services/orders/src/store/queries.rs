//! Lists of orders, each of them bounded.

use chassis::{Error, Result};
use sqlx::AssertSqlSafe;

use super::{Store, orders, with_columns};
use crate::order::Order;

/// Maximum number of orders in one search result: the newest.
const MAX_ORDERS: i64 = 1000;

/// The place between two pages: the time and the id of the last order seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When that order was placed.
    pub placed_ms: i64,
    /// What it is called.
    pub id: String,
}

/// What the collection of all orders is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// Field to sort by.
    pub by: Field,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A field to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// When it was placed.
    #[default]
    Date,
    /// Total of the order.
    Total,
    /// Identifier of the customer.
    Customer,
}

impl From<&Order> for Cursor {
    fn from(order: &Order) -> Self {
        Self {
            placed_ms: order.times.placed_ms,
            id: order.id.clone(),
        }
    }
}

impl Store {
    /// Returns orders of one customer placed before `cursor`, newest first.
    /// Attempts that came to nothing before there was a price are left out.
    pub async fn of_customer(
        &self,
        customer_id: &str,
        cursor: Option<Cursor>,
        limit: i64,
    ) -> Result<Vec<Order>> {
        let cursor = cursor.unwrap_or(Cursor {
            placed_ms: i64::MAX,
            id: String::new(),
        });
        let rows = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders
             WHERE customer_id = $1 AND (placed_at_ms, id) < ($2, $3) AND contents <> ''
             ORDER BY placed_at_ms DESC, id DESC LIMIT $4"
        ))
        .bind(customer_id)
        .bind(cursor.placed_ms)
        .bind(cursor.id)
        .bind(limit)
        .fetch_all(self.database.reads())
        .await?;
        orders(rows)
    }

    /// Returns orders of everybody placed after `cursor`, oldest first.
    pub async fn of_everybody(&self, cursor: Option<Cursor>, limit: i64) -> Result<Vec<Order>> {
        let cursor = cursor.unwrap_or(Cursor {
            placed_ms: -1,
            id: String::new(),
        });
        let rows = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders WHERE (placed_at_ms, id) > ($1, $2)
             ORDER BY placed_at_ms, id LIMIT $3"
        ))
        .bind(cursor.placed_ms)
        .bind(cursor.id)
        .bind(limit)
        .fetch_all(self.database.reads())
        .await?;
        orders(rows)
    }

    /// Returns the orders of a customer that stand, the newest last.
    pub async fn standing_of(&self, customer_id: &str) -> Result<Vec<Order>> {
        let rows = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders
             WHERE customer_id = $1 AND state IN ('paid', 'packed', 'shipped')
             ORDER BY placed_at_ms DESC, id DESC LIMIT $2"
        ))
        .bind(customer_id)
        .bind(MAX_ORDERS)
        .fetch_all(self.database.reads())
        .await?;
        let mut orders = orders(rows)?;
        orders.reverse();
        Ok(orders)
    }

    /// Returns one page of all orders that stand, and how many there are.
    pub async fn standing(&self, sort: Sort, skip: i64, limit: i64) -> Result<(Vec<Order>, i64)> {
        let rows = sqlx::query_as(AssertSqlSafe(format!(
            "{} {} LIMIT $1 OFFSET $2",
            with_columns!(
                "SELECT",
                "FROM orders WHERE state IN ('paid', 'packed', 'shipped') ORDER BY"
            ),
            sort.sql()
        )))
        .bind(limit)
        .bind(skip)
        .fetch_all(self.database.reads())
        .await?;
        let total = self
            .count("SELECT count(*) FROM orders WHERE state IN ('paid', 'packed', 'shipped')")
            .await?;
        Ok((orders(rows)?, total))
    }

    /// Returns pending orders placed before `before_ms`, oldest first.
    pub async fn overdue(&self, before_ms: i64, limit: i64) -> Result<Vec<Order>> {
        let rows = sqlx::query_as(with_columns!(
            "SELECT",
            "FROM orders WHERE state = 'pending' AND placed_at_ms < $1
             ORDER BY placed_at_ms LIMIT $2"
        ))
        .bind(before_ms)
        .bind(limit)
        .fetch_all(self.database.reads())
        .await?;
        orders(rows)
    }

    /// Returns the ids beyond `after` of orders that are paid and not shipped.
    pub async fn open_after(&self, after: &str, limit: i64) -> Result<Vec<String>> {
        let ids = sqlx::query_scalar(
            "SELECT id FROM orders WHERE state IN ('paid', 'packed') AND id > $1
             ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.database.reads())
        .await?;
        Ok(ids)
    }

    /// Returns how many orders are pending, and how many messages wait in the outbox.
    pub async fn backlog(&self) -> Result<(i64, i64)> {
        let pending = "SELECT count(*) FROM orders WHERE state = 'pending'";
        let waiting = "SELECT count(*) FROM outbox";
        Ok((self.count(pending).await?, self.count(waiting).await?))
    }

    async fn count(&self, query: &'static str) -> Result<i64> {
        let count = sqlx::query_scalar(query).fetch_one(self.database.reads());
        count.await.map_err(Error::from)
    }
}

impl Sort {
    fn sql(self) -> &'static str {
        match (self.by, self.descending) {
            (Field::Date, false) => "placed_at_ms, id",
            (Field::Date, true) => "placed_at_ms DESC, id DESC",
            (Field::Total, false) => "total_cents, id",
            (Field::Total, true) => "total_cents DESC, id DESC",
            (Field::Customer, false) => "customer_id, id",
            (Field::Customer, true) => "customer_id DESC, id DESC",
        }
    }
}
