//! A process dies at each step of an order: between any two things that are
//! written down, and between writing one down and saying so. Started again, the
//! shop brings the order to one end: paid and shipped once, or cancelled with
//! nothing kept. The auditor looks at it after every death.
//!
//! The steps are `chassis::fault::failpoint::fail_point`s, which only this test's own
//! build has: `cargo xtask crash-points`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::orders as pb;
use proto::orders::State::{self, Cancelled, Shipped};
use proto::orders::orders_client::OrdersClient;
use serde_json::json;
use support::visitor::{COLOURFUL, Visitor};
use support::{Shop, eventually, eventually_async, grpc, text};
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Channel;

/// Short times, so that what takes over does not have to be waited for.
const TIMES: [(&str, &str); 5] = [
    ("RECOVER_AFTER", "1s"),
    ("RECOVER_EVERY", "200ms"),
    ("RELAY_LEASE", "1s"),
    ("SHIPPING_LEASE", "1s"),
    ("PACK_TIME", "50ms"),
];

/// Where somebody dies while an order is placed and sent, and what becomes of
/// it when its buyer does not ask again. Whoever asks again gets it.
const BUYING: [(&[&str], &[State]); 18] = [
    (&["pending-written"], &[Cancelled]),
    (&["facts-read"], &[Cancelled]),
    (&["price-fixed"], &[Cancelled]),
    (&["answer-kept"], &[Cancelled, Shipped]),
    (&["payment-answered"], &[Shipped]),
    (&["payment-answered", "payment-remembered"], &[Shipped]),
    (&["paid-uncommitted"], &[Shipped]),
    (&["paid-committed"], &[Shipped]),
    (&["outbox-claimed"], &[Shipped]),
    (&["outbox-told"], &[Shipped]),
    (&["bought-taken-out"], &[Shipped]),
    (&["shipment-created"], &[Shipped]),
    (&["leased"], &[Shipped]),
    (&["worker-leased"], &[Shipped]),
    (&["packed"], &[Shipped]),
    (&["worker-packed"], &[Shipped]),
    (&["shipped"], &[Shipped]),
    (&["progress-seen"], &[Shipped]),
];

/// Where somebody dies while an order is cancelled.
const CANCELLING: [&str; 4] = ["shipment-recalled", "recalled", "cancelled", "voided"];

#[tokio::test(flavor = "multi_thread")]
async fn an_order_comes_to_one_end_wherever_a_process_dies() {
    let scene = Scene::open().await;
    for (points, ends) in BUYING {
        println!("{points:?}, and nobody asks again");
        let key = format!("{points:?} once");
        scene.fill_cart().await;
        scene.arm(points);
        let first = scene.place(&key).await;
        scene.wait_for_deaths(points);
        let id = match first {
            Ok(order) => {
                scene.note(&order, &key);
                order.id
            }
            Err(_) => scene.newest().await.id,
        };
        scene.until(&id, ends).await;
        scene.audit();
        // Only a buyer who is not asked again can leave that to recovery.
        if points.contains(&"payment-remembered") {
            continue;
        }

        println!("{points:?}, and the buyer asks again");
        let key = format!("{points:?} again");
        scene.fill_cart().await;
        scene.arm(points);
        let order = scene.insist(&key).await;
        scene.note(&order, &key);
        scene.wait_for_deaths(points);
        assert_eq!(scene.insist(&key).await.id, order.id, "one key, one order");
        scene.until(&order.id, &[Shipped]).await;
        scene.audit();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_taken_back_is_not_sent_and_not_paid_wherever_a_process_dies() {
    let scene = Scene::open().await;
    scene.run(&["pause", "queue-master-1"]);
    for point in CANCELLING {
        for asks_again in [false, true] {
            println!("{point}, asks again: {asks_again}");
            scene.fill_cart().await;
            let key = format!("{point} {asks_again}");
            let order = scene.insist(&key).await;
            scene.note(&order, &key);
            scene.arm(&[point]);
            _ = scene.cancel(&order.id).await;
            scene.wait_for_deaths(&[point]);
            if asks_again {
                let asked = async || scene.cancel(&order.id).await.is_ok();
                eventually_async("it is cancelled", asked).await;
            }
            scene.until(&order.id, &[Cancelled]).await;
            scene.audit();
        }
    }
}

/// A shop that can be told where to die, somebody who buys there, and what
/// they were told.
struct Scene {
    shop: Shop,
    points: TempDir,
    journal: PathBuf,
    buyer: Visitor,
    customer: String,
    address: String,
    card: String,
    orders: OrdersClient<Channel>,
}

impl Scene {
    async fn open() -> Self {
        let points = tempfile::tempdir().unwrap();
        let folder = points.path().to_str().unwrap();
        let variables = [&TIMES[..], &[("CRASH_POINTS", folder)]].concat();
        let shop = Shop::open_told(tempfile::tempdir().unwrap(), &[], &variables);
        let buyer = Visitor::at(&shop.url);
        let name = format!("mortal-{}", rand::random::<u32>());
        Self {
            customer: buyer.register(&name).await,
            address: buyer.saves_address().await,
            card: buyer.saves_card().await,
            orders: OrdersClient::new(grpc(&shop.service("orders"))),
            journal: shop.data().join("journal.jsonl"),
            shop,
            points,
            buyer,
        }
    }

    /// Runs `sockshop` with these arguments, which must go well.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.shop.run(arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{said}");
        said
    }

    /// Sets the cart to exactly one pair.
    async fn fill_cart(&self) {
        let filled = async || {
            let emptied = self.buyer.web.call("DELETE", "/cart").await;
            emptied.status == 202 && self.buyer.wants(COLOURFUL).await.status == 201
        };
        eventually_async("there is a sock in the cart", filled).await;
    }

    fn arm(&self, points: &[&str]) {
        for point in points {
            File::create(self.points.path().join(point)).unwrap();
        }
    }

    fn wait_for_deaths(&self, points: &[&str]) {
        let is_left = |point: &&str| Path::new(&self.points.path().join(point)).exists();
        for point in points {
            eventually(&format!("a death at {point}"), || !is_left(&point));
        }
    }

    /// Asks for an order once, and not by way of somebody who would ask again.
    async fn place(&self, key: &str) -> Result<pb::Order, Status> {
        let wish = pb::PlaceOrderRequest {
            customer_id: self.customer.clone(),
            address_id: self.address.clone(),
            card_id: self.card.clone(),
            idempotency_key: key.to_owned(),
            ..Default::default()
        };
        let answer = self.orders.clone().place_order(wish).await;
        answer.map(tonic::Response::into_inner)
    }

    /// Asks until there is an answer.
    async fn insist(&self, key: &str) -> pb::Order {
        for _ in 0..300 {
            if let Ok(order) = self.place(key).await {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never placed: {key}");
    }

    async fn cancel(&self, id: &str) -> Result<(), Status> {
        let wish = pb::CancelOrderRequest {
            id: id.to_owned(),
            customer_id: self.customer.clone(),
        };
        self.orders.clone().cancel_order(wish).await.map(drop)
    }

    /// The order that was asked for last, perhaps without a price yet.
    async fn newest(&self) -> pb::Order {
        for _ in 0..300 {
            let wish = pb::ListOrdersRequest {
                page_size: 1000,
                ..Default::default()
            };
            if let Ok(list) = self.orders.clone().list_orders(wish).await {
                return list.into_inner().orders.pop().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("orders does not answer any more");
    }

    async fn until(&self, id: &str, ends: &[State]) {
        let ended = async || {
            let id = id.to_owned();
            let wish = pb::GetOrderRequest {
                id,
                ..Default::default()
            };
            let order = self.orders.clone().get_order(wish).await;
            order.is_ok_and(|order| ends.contains(&order.get_ref().state()))
        };
        eventually_async(&format!("order {id} is one of {ends:?}"), ended).await;
    }

    /// Writes down that the buyer was told of `order`.
    fn note(&self, order: &pb::Order, key: &str) {
        let mut options = File::options();
        let file = options.create(true).append(true).open(&self.journal);
        let entry = json!({"order_id": order.id, "customer_id": order.customer_id,
            "total_cents": order.total_cents, "idempotency_key": key, "at": 1});
        writeln!(file.unwrap(), "{entry}").unwrap();
    }

    fn audit(&self) {
        let serves = |one: &support::Instance| ["serving", "paused"].contains(&&*one.state);
        eventually("everybody is back", || {
            self.shop.instances().iter().all(serves)
        });
        let mut audit = vec!["audit", "--patience", "20s", "--pending-deadline", "0s"];
        let journal = self.journal.to_str().unwrap();
        if self.journal.exists() {
            audit.extend(["--journal", journal]);
        }
        self.run(&audit);
    }
}
