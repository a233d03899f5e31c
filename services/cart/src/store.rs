//! Store of carts, in SQL or in Redis.

use std::time::Duration;

use chassis::{Result, ids};

use crate::cart::{Cart, NewItem, PurchasedItem, check_id};

mod redis;
mod sql;

pub use self::redis::RedisStore;
pub use sql::SqlStore;

/// Store of carts; clones share its connections.
///
/// Every change is atomic and serialised with concurrent changes of the same cart,
/// also by other instances.
#[derive(Clone)]
pub enum Store {
    /// Store in `SQLite` or `PostgreSQL`.
    Sql(SqlStore),
    /// Store in Redis hashes.
    Redis(RedisStore),
}

/// Retention of the markers of orders that have cleared their cart, in
/// milliseconds: 90 days.
pub const CLEARED_ORDER_TTL_MS: i64 = 90 * 24 * 3600 * 1000;

/// Number of times per time to live that reads renew a guest's cart: daily for 30
/// days.
const TOUCHES_PER_TTL: i64 = 30;

/// Retention of guest carts.
#[derive(Clone, Copy, Debug)]
struct Retention {
    guest_ttl_ms: i64,
}

impl Retention {
    /// Age of the last renewal after which a read renews the cart, in milliseconds.
    fn touch_after_ms(self) -> i64 {
        self.guest_ttl_ms / TOUCHES_PER_TTL
    }
}

impl Store {
    /// Opens the store at `url`. Redis keys begin with `prefix`. A guest's cart
    /// expires `guest_ttl` after its last use.
    pub async fn open(url: &str, prefix: &str, guest_ttl: Duration) -> anyhow::Result<Self> {
        let retention = Retention {
            guest_ttl_ms: i64::try_from(guest_ttl.as_millis())?.max(1),
        };
        if url.starts_with("redis:") {
            Ok(Self::Redis(RedisStore::open(url, prefix, retention)?))
        } else {
            Ok(Self::Sql(SqlStore::open(url, retention).await?))
        }
    }

    /// Closes the store; a SQL database is checkpointed ([`chassis::Database::close`]).
    pub async fn close(&self) {
        if let Self::Sql(sql) = self {
            sql.close().await;
        }
    }

    /// Checks that the store is reachable and writable.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Sql(sql) => sql.ping().await,
            Self::Redis(redis) => redis.ping().await,
        }
    }

    /// Returns a cart; an unknown cart is empty.
    pub async fn get(&self, customer_id: &str) -> Result<Cart> {
        check_id(CUSTOMER_ID, customer_id)?;
        match self {
            Self::Sql(sql) => sql.get(customer_id).await,
            Self::Redis(redis) => redis.get(customer_id).await,
        }
    }

    /// Adds a product and returns the cart ([`Cart::add`]).
    pub async fn add(&self, customer_id: &str, new_item: &NewItem) -> Result<Cart> {
        check_id(CUSTOMER_ID, customer_id)?;
        let new_id = ids::new_id();
        match self {
            Self::Sql(sql) => sql.add(customer_id, new_item, &new_id).await,
            Self::Redis(redis) => redis.add(customer_id, new_item, &new_id).await,
        }
    }

    /// Sets the quantity of a line and returns the cart ([`Cart::set_quantity`]).
    pub async fn set_quantity(
        &self,
        customer_id: &str,
        product_id: &str,
        quantity: u32,
    ) -> Result<Cart> {
        check_id(CUSTOMER_ID, customer_id)?;
        match self {
            Self::Sql(sql) => sql.set(customer_id, product_id, quantity).await,
            Self::Redis(redis) => redis.set(customer_id, product_id, quantity).await,
        }
    }

    /// Moves all lines of cart `from` into cart `into` and returns the latter
    /// ([`Cart::merge`]). Merging a cart into itself changes nothing.
    pub async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        check_id("the session id", from)?;
        check_id(CUSTOMER_ID, into)?;
        if from == into {
            return self.get(into).await;
        }
        match self {
            Self::Sql(sql) => sql.merge(from, into).await,
            Self::Redis(redis) => redis.merge(from, into).await,
        }
    }

    /// Deletes all lines of a cart.
    pub async fn clear(&self, customer_id: &str) -> Result<()> {
        check_id(CUSTOMER_ID, customer_id)?;
        match self {
            Self::Sql(sql) => sql.clear(customer_id).await,
            Self::Redis(redis) => redis.clear(customer_id).await,
        }
    }

    /// Removes the items an order purchased ([`Cart::remove_purchased`]), once per
    /// order.
    pub async fn remove_purchased(
        &self,
        customer_id: &str,
        order_id: &str,
        purchased: &[PurchasedItem],
    ) -> Result<()> {
        check_id(CUSTOMER_ID, customer_id)?;
        check_id("the order id", order_id)?;
        match self {
            Self::Sql(sql) => sql.remove_purchased(customer_id, order_id, purchased).await,
            Self::Redis(redis) => {
                redis
                    .remove_purchased(customer_id, order_id, purchased)
                    .await
            }
        }
    }

    /// Deletes the guest carts and order markers that have expired at `now_ms` and
    /// returns the number of carts. Redis expires its keys itself.
    pub async fn sweep(&self, now_ms: i64) -> Result<u64> {
        match self {
            Self::Sql(sql) => sql.sweep(now_ms).await,
            Self::Redis(_) => Ok(0),
        }
    }
}

/// Name of the customer id in error messages.
const CUSTOMER_ID: &str = "the customer id";
