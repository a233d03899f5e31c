//! Redis store of carts.
//!
//! A cart is a hash: field `#` counts its changes, and each line is a field
//! `=<product>` with the value `<position> <quantity> <cents> <id>`, where the
//! position is the count when it was added. Every change is one Lua script and
//! therefore atomic. The scripts use keys that may live on different nodes: Redis
//! Cluster is not supported.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::{Error, Result};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind};

use validation::quantity;

use super::{CLEARED_ORDER_TTL_MS, Retention};
use crate::cart::{
    Cart, Item, MAX_LINES, NOT_IN_CART, NewItem, PurchasedItem, cart_full, is_guest,
};

/// Redis store. Clones share one connection, which is opened on first use and
/// reconnects when it is lost.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
    retention: Retention,
}

/// Time to live of the key that the readiness check writes.
const WRITE_CHECK_TTL: Duration = Duration::from_secs(60);

/// Delay between two attempts to connect.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);

/// Time-to-live argument of the scripts for a key that does not expire.
const NO_EXPIRY: i64 = 0;

/// Reply of `PTTL` for a key without an expiry.
const PTTL_WITHOUT_EXPIRY: i64 = -1;

/// Lua scripts of the changes.
struct Scripts {
    add: Script,
    set: Script,
    merge: Script,
    remove_purchased: Script,
}

/// Fields of the hash of a cart.
type Fields = HashMap<String, String>;

impl RedisStore {
    pub(super) fn open(url: &str, prefix: &str, retention: Retention) -> anyhow::Result<Self> {
        let client = Client::open(url).context("DATABASE_URL is not a Redis URL")?;
        // Fail a request early instead of waiting for a Redis that is down.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(RECONNECT_DELAY)
            .set_max_delay(RECONNECT_DELAY)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(2)));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            prefix: prefix.into(),
            retention,
            scripts: Arc::new(Scripts {
                add: Script::new(include_str!("add.lua")),
                set: Script::new(include_str!("set.lua")),
                merge: Script::new(include_str!("merge.lua")),
                remove_purchased: Script::new(include_str!("remove_purchased.lua")),
            }),
        })
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let mut write = redis::cmd("SET");
        let write = write.arg(format!("{}write_check", self.prefix)).arg(1);
        self.query(write.arg("EX").arg(WRITE_CHECK_TTL.as_secs()))
            .await
    }

    pub(super) async fn get(&self, customer: &str) -> Result<Cart> {
        let key = self.key(customer);
        let mut read = redis::pipe();
        read.hgetall(&key).pttl(&key);
        let (fields, left): (Fields, i64) = read
            .query_async(&mut self.connection.clone())
            .await
            .map_err(convert_error)?;
        // A failed write must not fail the read.
        if let Some(touch) = self.touch(customer, left)
            && let Err(error) = self.query::<()>(&touch).await
        {
            tracing::warn!(%error, "cannot renew the cart's expiry");
        }
        cart(customer, fields)
    }

    /// Command that renews the expiry of a cart with `left` milliseconds to live;
    /// `None` when it was renewed recently.
    fn touch(&self, customer: &str, left: i64) -> Option<Cmd> {
        let mut touch;
        if is_guest(customer) {
            let ttl = self.retention.guest_ttl_ms;
            let is_recent = left >= ttl - self.retention.touch_after_ms();
            if left < PTTL_WITHOUT_EXPIRY || is_recent {
                return None;
            }
            touch = redis::cmd("PEXPIRE");
            touch.arg(self.key(customer)).arg(ttl);
        } else {
            if left <= PTTL_WITHOUT_EXPIRY {
                return None;
            }
            touch = redis::cmd("PERSIST");
            touch.arg(self.key(customer));
        }
        Some(touch)
    }

    /// Time to live of a cart after a change, in milliseconds.
    fn ttl(&self, customer: &str) -> i64 {
        if is_guest(customer) {
            self.retention.guest_ttl_ms
        } else {
            NO_EXPIRY
        }
    }

    pub(super) async fn add(&self, customer: &str, new: &NewItem, new_id: &str) -> Result<Cart> {
        let mut script = self.scripts.add.prepare_invoke();
        script
            .key(self.key(customer))
            .arg(field(&new.product_id))
            .arg(new.quantity)
            .arg(new.increment)
            .arg(format!("{} {new_id}", new.unit_price_cents))
            .arg((MAX_LINES, quantity::MAX, self.ttl(customer)));
        self.run(&script, customer).await
    }

    pub(super) async fn set(&self, customer: &str, product: &str, quantity: u32) -> Result<Cart> {
        let mut script = self.scripts.set.prepare_invoke();
        script
            .key(self.key(customer))
            .arg(field(product))
            .arg((quantity, self.ttl(customer)));
        self.run(&script, customer).await
    }

    pub(super) async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        let mut script = self.scripts.merge.prepare_invoke();
        script.key(self.key(from)).key(self.key(into)).arg((
            MAX_LINES,
            quantity::MAX,
            self.ttl(into),
        ));
        self.run(&script, into).await
    }

    pub(super) async fn clear(&self, customer: &str) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        self.query(delete.arg(self.key(customer))).await
    }

    pub(super) async fn remove_purchased(
        &self,
        customer: &str,
        order: &str,
        purchased: &[PurchasedItem],
    ) -> Result<()> {
        let mut script = self.scripts.remove_purchased.prepare_invoke();
        script
            .key(self.key(customer))
            .key(format!("{}cleared:{order}", self.prefix))
            .arg((CLEARED_ORDER_TTL_MS, self.ttl(customer)));
        for item in purchased {
            script.arg(field(&item.product_id)).arg(item.quantity);
        }
        self.run(&script, customer).await.map(drop)
    }

    fn key(&self, customer: &str) -> String {
        format!("{}of:{customer}", self.prefix)
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let mut connection = self.connection.clone();
        command
            .query_async(&mut connection)
            .await
            .map_err(convert_error)
    }

    /// Runs a script, which returns an outcome and the resulting cart.
    async fn run(&self, script: &redis::ScriptInvocation<'_>, customer: &str) -> Result<Cart> {
        let (outcome, fields): (String, Fields) = script
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(convert_error)?;
        match &*outcome {
            "full" => Err(cart_full()),
            "missing" => Err(NOT_IN_CART),
            _ => cart(customer, fields),
        }
    }
}

fn field(product: &str) -> String {
    format!("={product}")
}

fn cart(customer: &str, fields: Fields) -> Result<Cart> {
    let mut lines = Vec::with_capacity(fields.len());
    let changes = fields.get("#").and_then(|count| count.parse().ok());
    for (field, value) in fields {
        if let Some(product) = field.strip_prefix('=') {
            let line = line(product, &value);
            lines.push(line.ok_or_else(|| Error::internal("a line in Redis is malformed"))?);
        }
    }
    lines.sort_by_key(|(position, _)| *position);
    Ok(Cart {
        customer_id: customer.to_owned(),
        items: lines.into_iter().map(|(_, item)| item).collect(),
        changes: changes.unwrap_or_default(),
    })
}

fn line(product: &str, value: &str) -> Option<(u64, Item)> {
    let mut parts = value.split(' ');
    let position = parts.next()?.parse().ok()?;
    let item = Item {
        product_id: product.to_owned(),
        quantity: parts.next()?.parse().ok()?,
        unit_price_cents: parts.next()?.parse().ok()?,
        id: parts.next()?.to_owned(),
    };
    Some((position, item))
}

/// Converts a Redis error: unreachable, loading, read-only, or out of memory or disk
/// is [`Error::unavailable`], everything else internal.
fn convert_error(error: RedisError) -> Error {
    let is_full = matches!(error.code(), Some("OOM" | "MISCONF" | "NOREPLICAS"));
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly,
        ) => Error::unavailable(error),
        _ if is_full => Error::unavailable(error),
        _ => Error::internal(error),
    }
}
