//! Where carts are kept: in tables, or in Redis.

use std::time::Duration;

use chassis::{Result, ids};

use crate::cart::{Addition, Bought, Cart, check_id};

mod hashes;
mod tables;

pub use hashes::Hashes;
pub use tables::Tables;

/// Keeps carts. Clones share it.
///
/// Every change is atomic, also against changes by other instances: parallel
/// ones leave the cart as if they had come one after the other.
#[derive(Clone)]
pub enum Store {
    /// In `SQLite` or `PostgreSQL`.
    Tables(Tables),
    /// In Redis.
    Hashes(Hashes),
}

/// How long it is remembered that an order has cleared its cart, in
/// milliseconds: 90 days.
pub const CLEARED_ORDER_TTL_MS: i64 = 90 * 24 * 3600 * 1000;

/// A read counts as a touch of a guest's cart when this share of its time to
/// live has passed: once a day when it is 30 days.
const TOUCHES_PER_TTL: i64 = 30;

/// How long carts are kept.
#[derive(Clone, Copy, Debug)]
struct Retention {
    guest_ttl_ms: i64,
}

impl Retention {
    /// How old the last touch must be for a read to count as one, in milliseconds.
    fn touch_after_ms(self) -> i64 {
        self.guest_ttl_ms / TOUCHES_PER_TTL
    }
}

impl Store {
    /// Opens the store at `url`. In Redis all keys begin with `prefix`. A guest's
    /// cart is kept for `guest_ttl` after its last touch.
    pub async fn open(url: &str, prefix: &str, guest_ttl: Duration) -> anyhow::Result<Self> {
        let retention = Retention {
            guest_ttl_ms: i64::try_from(guest_ttl.as_millis())?.max(1),
        };
        if url.starts_with("redis:") {
            Ok(Self::Hashes(Hashes::open(url, prefix, retention)?))
        } else {
            Ok(Self::Tables(Tables::open(url, retention).await?))
        }
    }

    /// Closes the store: what is in tables is complete in its file then
    /// ([`chassis::Database::close`]).
    pub async fn close(&self) {
        if let Self::Tables(tables) = self {
            tables.close().await;
        }
    }

    /// Succeeds when the store answers and can be written.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.ping().await,
            Self::Hashes(hashes) => hashes.ping().await,
        }
    }

    /// Returns a cart; an unknown one is empty.
    pub async fn get(&self, customer_id: &str) -> Result<Cart> {
        check_id(CUSTOMER, customer_id)?;
        match self {
            Self::Tables(tables) => tables.get(customer_id).await,
            Self::Hashes(hashes) => hashes.get(customer_id).await,
        }
    }

    /// Adds a product and returns the cart ([`Cart::add`]).
    pub async fn add(&self, customer_id: &str, addition: &Addition) -> Result<Cart> {
        check_id(CUSTOMER, customer_id)?;
        let new_id = ids::new_id();
        match self {
            Self::Tables(tables) => tables.add(customer_id, addition, &new_id).await,
            Self::Hashes(hashes) => hashes.add(customer_id, addition, &new_id).await,
        }
    }

    /// Sets the quantity of a line and returns the cart ([`Cart::set_quantity`]).
    pub async fn set_quantity(
        &self,
        customer_id: &str,
        product_id: &str,
        quantity: u32,
    ) -> Result<Cart> {
        check_id(CUSTOMER, customer_id)?;
        match self {
            Self::Tables(tables) => tables.set(customer_id, product_id, quantity).await,
            Self::Hashes(hashes) => hashes.set(customer_id, product_id, quantity).await,
        }
    }

    /// Moves all lines of cart `from` into cart `into` and returns that
    /// ([`Cart::merge`]). A cart merged into itself stays as it is.
    pub async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        check_id("the session id", from)?;
        check_id(CUSTOMER, into)?;
        if from == into {
            return self.get(into).await;
        }
        match self {
            Self::Tables(tables) => tables.merge(from, into).await,
            Self::Hashes(hashes) => hashes.merge(from, into).await,
        }
    }

    /// Empties a cart.
    pub async fn clear(&self, customer_id: &str) -> Result<()> {
        check_id(CUSTOMER, customer_id)?;
        match self {
            Self::Tables(tables) => tables.clear(customer_id).await,
            Self::Hashes(hashes) => hashes.clear(customer_id).await,
        }
    }

    /// Takes out of a cart what an order bought ([`Cart::take_out`]): only the
    /// first time for each order.
    pub async fn take_out(
        &self,
        customer_id: &str,
        order_id: &str,
        bought: &[Bought],
    ) -> Result<()> {
        check_id(CUSTOMER, customer_id)?;
        check_id("the order id", order_id)?;
        match self {
            Self::Tables(tables) => tables.take_out(customer_id, order_id, bought).await,
            Self::Hashes(hashes) => hashes.take_out(customer_id, order_id, bought).await,
        }
    }

    /// Forgets, as at `now_ms`, the guests' carts that nobody has touched for
    /// their time to live, and old cleared orders. A customer's cart is kept.
    /// Returns how many carts it were; Redis does so by itself.
    pub async fn sweep(&self, now_ms: i64) -> Result<u64> {
        match self {
            Self::Tables(tables) => tables.sweep(now_ms).await,
            Self::Hashes(_) => Ok(0),
        }
    }
}

/// What callers call the cart's name.
const CUSTOMER: &str = "the customer id";
