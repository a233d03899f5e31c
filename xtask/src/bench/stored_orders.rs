//! What an order costs when a thousand are stored, and when it is a million.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::Bench;
use super::shop::Shop;
use super::statistics::{Budget, median, ratio, row, title, verdict};
use crate::sh;

/// Stores the one order of a shop many times over.
const FILL: &str = include_str!("stored_orders.sql");

/// How much dearer an order may be among a million.
const BUDGET: Budget = Budget::AtMost(1.2);

/// The first customer of every shop, and cheap socks.
const CUSTOMER: &str = "57a98d98e4b00679b4a830af";
const ADDRESS: &str = "57a98d98e4b00679b4a830ad";
const CARD: &str = "57a98d98e4b00679b4a830ae";
const SOCKS: &str = "3395a43e-2d88-40de-b95f-e00e1502085b";

/// Two shops that differ in nothing but how many orders are stored place orders in turns.
pub(super) fn run(bench: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (rounds, orders) = bench.much((15, 100), (3, 20));
    let few = Till::open(bench, &folder.path().join("few"), 1000)?;
    let many = bench.much(1_000_000, 20_000);
    let many = Till::open(bench, &folder.path().join("many"), many)?;
    // The first round warms both up.
    let (mut cheap, mut dear) = (Costs::default(), Costs::default());
    for round in 0..=rounds {
        for (till, costs) in [(&few, &mut cheap), (&many, &mut dear)] {
            let (waited, worked) = till.ring_up(orders)?;
            if round > 0 {
                costs.waited.push(waited);
                costs.worked.push(worked);
            }
        }
    }
    title("stored-orders: what one more order costs");
    for (till, costs) in [(&few, &cheap), (&many, &dear)] {
        let (waited, worked) = (median(&costs.waited), median(&costs.worked));
        let figures = format!("{waited:.2} ms to wait, {worked:.2} ms of processor time");
        row(&format!("with {} stored", till.stored), &figures);
    }
    let waited = ratio(&dear.waited, &cheap.waited);
    verdict("ratio of the times to wait", waited, "", BUDGET);
    let worked = ratio(&dear.worked, &cheap.worked);
    verdict("ratio of the processor times", worked, "", BUDGET);
    Ok(())
}

/// What an order cost in each round, in milliseconds: the client, and all processes.
#[derive(Default)]
struct Costs {
    waited: Vec<f64>,
    worked: Vec<f64>,
}

/// A shop with so many stored orders, at which one customer buys.
struct Till {
    shop: Shop,
    stored: u32,
    agent: ureq::Agent,
    orders: String,
}

impl Till {
    fn open(bench: &Bench, data: &Path, stored: u32) -> anyhow::Result<Self> {
        let shop = Shop::open(&bench.sockshop, data, Some(super::SHOP))?;
        let mut till = Self {
            orders: shop.url("orders")? + "/orders",
            agent: ureq::Agent::new_with_defaults(),
            shop,
            stored,
        };
        let cart = till.shop.url("carts")? + "/carts/" + CUSTOMER + "/items";
        let socks = json!({"itemId": SOCKS, "quantity": 1, "unitPrice": 18});
        till.post(&cart, &socks)?;
        till.buy()?;
        till.wait_until_shipped()?;
        let sqlite = sh::program("sqlite3", "sqlite3", &[])?;
        let script = data.join("fill.sql");
        std::fs::write(&script, FILL)?;
        till.shop.closed(|| {
            let mut fill = Command::new(sqlite);
            fill.current_dir(till.shop.data()).arg("-bail");
            fill.args(["orders.db", &format!(".parameter set :orders {stored}")]);
            sh::run(fill.arg(".read fill.sql").stdout(Stdio::null()))
        })?;
        till.orders = till.shop.url("orders")? + "/orders";
        Ok(till)
    }

    /// Places one order over the REST API.
    fn buy(&self) -> anyhow::Result<()> {
        let order = json!({
            "customer": format!("http://user/customers/{CUSTOMER}"),
            "address": format!("http://user/addresses/{ADDRESS}"),
            "card": format!("http://user/cards/{CARD}"),
            "items": format!("http://carts/carts/{CUSTOMER}/items"),
        });
        self.post(&self.orders, &order)
    }

    /// Sends JSON, which must create something.
    fn post(&self, url: &str, body: &Value) -> anyhow::Result<()> {
        let request = self.agent.post(url).content_type("application/json");
        let mut answer = request.send(body.to_string())?;
        ensure!(answer.status() == 201, "{url}: {}", answer.status());
        // Only a body that was read to its end leaves the connection open.
        answer.body_mut().read_to_vec()?;
        Ok(())
    }

    /// Places so many orders one after the other. Returns what one costs: the
    /// median wait, and the mean processor time of the whole shop.
    fn ring_up(&self, orders: u32) -> anyhow::Result<(f64, f64)> {
        let before = self.shop.processor_ms()?;
        let mut waits = Vec::new();
        for _ in 0..orders {
            let begin = Instant::now();
            self.buy()?;
            waits.push(begin.elapsed().as_secs_f64() * 1000.0);
        }
        let worked = self.shop.processor_ms()? - before;
        Ok((median(&waits), worked / f64::from(orders)))
    }

    fn wait_until_shipped(&self) -> anyhow::Result<()> {
        let sqlite = sh::program("sqlite3", "sqlite3", &[])?;
        let begin = Instant::now();
        loop {
            let mut ask = Command::new(&sqlite);
            ask.arg("-readonly").arg(self.shop.data().join("orders.db"));
            ask.arg("SELECT state FROM orders");
            let state = sh::read(&mut ask).context("the orders cannot be read")?;
            if state == "shipped" {
                return Ok(());
            }
            let patience = Duration::from_secs(60);
            ensure!(begin.elapsed() < patience, "the order is still {state}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
