//! Carts in Redis.
//!
//! A cart is a hash: field `#` counts the lines ever added, and each line is a
//! field `=<product>` holding `<position> <quantity> <cents> <id>`. Every change
//! is one Lua script, so Redis does it at once or not at all. The scripts name
//! keys that may live on different nodes: Redis Cluster is not supported.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::{Error, Result};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind};

use super::KEPT_MS;
use crate::cart::{Addition, Bought, Cart, Item, MOST_HELD, MOST_LINES, NOT_IN_CART, full};

/// Carts in Redis. Clones share one connection, which is made when first
/// needed and again whenever it is lost.
#[derive(Clone)]
pub struct Hashes {
    connection: ConnectionManager,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
}

struct Scripts {
    add: Script,
    set: Script,
    merge: Script,
    take_out: Script,
}

type Fields = HashMap<String, String>;

impl Hashes {
    pub(super) fn open(url: &str, prefix: &str) -> anyhow::Result<Self> {
        let client = Client::open(url).context("DATABASE_URL is not a Redis URL")?;
        // A request had better fail soon than wait out a long absence.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(2)));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            prefix: prefix.into(),
            scripts: Arc::new(Scripts {
                add: Script::new(include_str!("add.lua")),
                set: Script::new(include_str!("set.lua")),
                merge: Script::new(include_str!("merge.lua")),
                take_out: Script::new(include_str!("take_out.lua")),
            }),
        })
    }

    pub(super) async fn ping(&self) -> Result<()> {
        self.ask(&redis::cmd("PING")).await
    }

    pub(super) async fn get(&self, customer: &str) -> Result<Cart> {
        let mut all = redis::cmd("HGETALL");
        let fields = self.ask(all.arg(self.key(customer))).await?;
        cart(customer, fields)
    }

    pub(super) async fn add(&self, customer: &str, new: &Addition, new_id: &str) -> Result<Cart> {
        let mut script = self.scripts.add.prepare_invoke();
        script
            .key(self.key(customer))
            .arg(field(&new.product_id))
            .arg(new.quantity)
            .arg(new.again)
            .arg(format!("{} {new_id}", new.unit_price_cents))
            .arg((MOST_LINES, MOST_HELD, KEPT_MS));
        self.run(&script, customer).await
    }

    pub(super) async fn set(&self, customer: &str, product: &str, quantity: u32) -> Result<Cart> {
        let mut script = self.scripts.set.prepare_invoke();
        script
            .key(self.key(customer))
            .arg(field(product))
            .arg((quantity, KEPT_MS));
        self.run(&script, customer).await
    }

    pub(super) async fn merge(&self, from: &str, into: &str) -> Result<Cart> {
        let mut script = self.scripts.merge.prepare_invoke();
        script
            .key(self.key(from))
            .key(self.key(into))
            .arg((MOST_LINES, MOST_HELD, KEPT_MS));
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
            .arg(KEPT_MS);
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

/// A Redis that is away or not itself yet is no fault of ours.
fn failed(error: RedisError) -> Error {
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly,
        ) => Error::unavailable(error),
        _ => Error::internal(error),
    }
}
