//! Carts in Redis.
//!
//! A cart is a hash: field `#` counts its changes, and each line is a field
//! `=<product>` holding `<position> <quantity> <cents> <id>`, where the position
//! is the count when it was added. Every change is one Lua script, so Redis does
//! it at once or not at all. The scripts name
//! keys that may live on different nodes: Redis Cluster is not supported.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::{Error, Result};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind};

use validation::quantity;

use super::{CLEARED_ORDER_TTL_MS, Retention};
use crate::cart::{Addition, Bought, Cart, Item, MOST_LINES, NOT_IN_CART, full, is_guest};

/// Carts in Redis. Clones share one connection, which is made when first
/// needed and again whenever it is lost.
#[derive(Clone)]
pub struct Hashes {
    connection: ConnectionManager,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
    retention: Retention,
}

/// How long the key is kept that readiness writes.
const WRITE_CHECK_TTL: Duration = Duration::from_secs(60);

/// Between two attempts to connect.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);

/// Time to live of a key that is kept for ever.
const FOR_EVER: i64 = 0;

/// What `PTTL` answers for a key without a time to live.
const NO_TTL: i64 = -1;

struct Scripts {
    add: Script,
    set: Script,
    merge: Script,
    take_out: Script,
}

type Fields = HashMap<String, String>;

impl Hashes {
    pub(super) fn open(url: &str, prefix: &str, retention: Retention) -> anyhow::Result<Self> {
        let client = Client::open(url).context("DATABASE_URL is not a Redis URL")?;
        // A request had better fail soon than wait out a long absence.
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
                take_out: Script::new(include_str!("take_out.lua")),
            }),
        })
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let mut write = redis::cmd("SET");
        let write = write.arg(format!("{}write_check", self.prefix)).arg(1);
        self.ask(write.arg("EX").arg(WRITE_CHECK_TTL.as_secs()))
            .await
    }

    pub(super) async fn get(&self, customer: &str) -> Result<Cart> {
        let key = self.key(customer);
        let mut read = redis::pipe();
        read.hgetall(&key).pttl(&key);
        let (fields, left): (Fields, i64) = read
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        // Whoever reads a cart is not kept from it because it cannot be written.
        if let Some(touch) = self.touch(customer, left)
            && let Err(error) = self.ask::<()>(&touch).await
        {
            tracing::warn!(%error, "a cart could not be touched");
        }
        cart(customer, fields)
    }

    /// The command that makes a cart last as long as it should, when it has
    /// `left` milliseconds to live: nothing for one that was touched recently.
    fn touch(&self, customer: &str, left: i64) -> Option<Cmd> {
        let mut touch;
        if is_guest(customer) {
            let ttl = self.retention.guest_ttl_ms;
            let is_recent = left >= ttl - self.retention.touch_after_ms();
            if left < NO_TTL || is_recent {
                return None;
            }
            touch = redis::cmd("PEXPIRE");
            touch.arg(self.key(customer)).arg(ttl);
        } else {
            if left <= NO_TTL {
                return None;
            }
            touch = redis::cmd("PERSIST");
            touch.arg(self.key(customer));
        }
        Some(touch)
    }

    /// How long a cart is kept after a change, in milliseconds.
    fn ttl(&self, customer: &str) -> i64 {
        if is_guest(customer) {
            self.retention.guest_ttl_ms
        } else {
            FOR_EVER
        }
    }

    pub(super) async fn add(&self, customer: &str, new: &Addition, new_id: &str) -> Result<Cart> {
        let mut script = self.scripts.add.prepare_invoke();
        script
            .key(self.key(customer))
            .arg(field(&new.product_id))
            .arg(new.quantity)
            .arg(new.again)
            .arg(format!("{} {new_id}", new.unit_price_cents))
            .arg((MOST_LINES, quantity::MAX, self.ttl(customer)));
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
            MOST_LINES,
            quantity::MAX,
            self.ttl(into),
        ));
        self.run(&script, into).await
    }

    pub(super) async fn clear(&self, customer: &str) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        self.ask(delete.arg(self.key(customer))).await
    }

    pub(super) async fn take_out(
        &self,
        customer: &str,
        order: &str,
        bought: &[Bought],
    ) -> Result<()> {
        let mut script = self.scripts.take_out.prepare_invoke();
        script
            .key(self.key(customer))
            .key(format!("{}cleared:{order}", self.prefix))
            .arg((CLEARED_ORDER_TTL_MS, self.ttl(customer)));
        for one in bought {
            script.arg(field(&one.product_id)).arg(one.quantity);
        }
        self.run(&script, customer).await.map(drop)
    }

    fn key(&self, customer: &str) -> String {
        format!("{}of:{customer}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let mut connection = self.connection.clone();
        command.query_async(&mut connection).await.map_err(failed)
    }

    /// Runs a script, which says how it went and shows the cart it left.
    async fn run(&self, script: &redis::ScriptInvocation<'_>, customer: &str) -> Result<Cart> {
        let (outcome, fields): (String, Fields) = script
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        match &*outcome {
            "full" => Err(full()),
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
    let mut words = value.split(' ');
    let position = words.next()?.parse().ok()?;
    let item = Item {
        product_id: product.to_owned(),
        quantity: words.next()?.parse().ok()?,
        unit_price_cents: words.next()?.parse().ok()?,
        id: words.next()?.to_owned(),
    };
    Some((position, item))
}

/// A Redis that is away, not itself yet, out of memory or of disk is no fault of
/// ours.
fn failed(error: RedisError) -> Error {
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
