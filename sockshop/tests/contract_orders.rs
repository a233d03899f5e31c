//! The compat checks of the contract's page "orders".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use reqwest::header::HOST;
use serde_json::{Value, json};
use support::api::{Answer, Api, keys};
use support::served::Served;
use support::shared;
use tokio::sync::mpsc;

/// The product Colourful, at 18.00.
const COLOURFUL: &str = "3395a43e-2d88-40de-b95f-e00e1502085b";

/// The product Holy, at 99.99.
const HOLY: &str = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";

const SEED: &str = "57a98d98e4b00679b4a830b2";

/// Somebody who can buy.
struct Buyer {
    id: String,
    address: String,
    card: String,
}

impl Buyer {
    /// The customer of the seed whom the contract names.
    fn seed() -> Self {
        Self {
            id: SEED.into(),
            address: "57a98d98e4b00679b4a830b0".into(),
            card: "57a98d98e4b00679b4a830b1".into(),
        }
    }

    async fn new(name: &str) -> Self {
        let user = Api::of("user");
        let make = async |path, body: Value| {
            let made = user.post(path, &body).await.expect(200).json();
            made["id"].as_str().unwrap().to_owned()
        };
        let id = make("/register", json!({"username": name, "password": "p"})).await;
        let address = json!({"street": "Mill Lane", "number": "1", "userID": id});
        let card = json!({"longNum": "4000123412341234", "expires": "11/29", "userID": id});
        Self {
            address: make("/addresses", address).await,
            card: make("/cards", card).await,
            id,
        }
    }

    async fn wants(&self, product: &str, quantity: u32, price: f64) {
        let item = json!({"itemId": product, "quantity": quantity, "unitPrice": price});
        let path = format!("/carts/{}/items", self.id);
        Api::of("carts").post(&path, &item).await.expect(201);
    }

    fn order(&self) -> Value {
        json!({"customer": format!("http://user/customers/{}", self.id),
               "address": format!("http://user/addresses/{}", self.address),
               "card": format!("http://user/cards/{}", self.card),
               "items": format!("http://carts/carts/{}/items", self.id)})
    }

    async fn buys(&self) -> Value {
        let answer = orders().post("/orders", &self.order()).await.expect(201);
        assert_eq!(answer.media_type(), "application/json;charset=UTF-8");
        answer.json()
    }

    /// What the service at `orders` has of this customer.
    async fn orders_at(&self, orders: &Api) -> Value {
        let path = format!("/orders/search/customerId?sort=date&custId={}", self.id);
        let found = orders.get(&path).await.expect(200);
        found.json()["_embedded"]["customerOrders"].clone()
    }
}

fn orders() -> Api {
    Api::of("orders")
}

/// Orders among services of the original's API: the shop's, and this payment.
async fn orders_with(payment: MethodRouter) -> Served {
    let app = Router::new().route("/paymentAuth", payment);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let payment = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    Served::start(
        "orders",
        &[
            ("UPSTREAMS", "rest"),
            ("USER_URL", &shared::url("user")),
            ("CARTS_URL", &shared::url("carts")),
            ("SHIPPING_URL", &shared::url("shipping")),
            ("PAYMENT_URL", &payment),
        ],
    )
}

#[track_caller]
fn assert_total(order: &Value, total: f64) {
    let difference = order["total"].as_f64().unwrap() - total;
    assert!(difference.abs() < 0.005, "{order}");
}

/// The message of a refused order.
#[track_caller]
fn refusal(answer: Answer) -> String {
    let answer = answer.expect(406);
    answer.assert_spring_error();
    answer.json()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn check_01_and_03_an_order_of_the_seed_customer_is_placed_and_found_last() {
    let buyer = Buyer::seed();
    buyer.wants(COLOURFUL, 3, 18.0).await;
    let order = buyer.buys().await;
    assert_total(&order, 58.99);
    let item =
        json!({"id": order["items"][0]["id"], "itemId": COLOURFUL, "quantity": 3, "unitPrice": 18});
    let expected = json!({
        "id": order["id"], "customerId": SEED,
        "customer": {"id": null, "firstName": "User", "lastName": "Name", "username": "user", "addresses": [], "cards": []},
        "address": {"id": null, "number": "246", "street": "Whitelees Road", "city": "Glasgow", "postcode": "G67 3DL", "country": "United Kingdom"},
        "card": {"id": null, "longNum": "************5918", "expires": "08/19", "ccv": "***"},
        "items": [item], "shipment": {"id": order["shipment"]["id"], "name": SEED},
        "date": order["date"], "total": order["total"],
    });
    assert_eq!(order, expected);
    for id in [
        &order["id"],
        &order["items"][0]["id"],
        &order["shipment"]["id"],
    ] {
        assert!(id.is_string(), "{order}");
    }
    let cart = Api::of("carts").get(&format!("/carts/{SEED}/items")).await;
    assert_eq!(
        cart.json()[0]["quantity"],
        3,
        "the cart is its client's to clear"
    );

    let path = format!("/orders/search/customerId?custId={SEED}");
    let request = orders().request("GET", &path).header(HOST, "orders");
    let found = Answer::to(request).await.expect(200).json();
    let found = found["_embedded"]["customerOrders"].as_array().unwrap();
    let id = order["id"].as_str().unwrap();
    let href = format!("http://orders/orders/{id}");
    assert_eq!(found.last().unwrap()["_links"]["self"]["href"], href);

    let elsewhere = buyer.orders_at(&orders()).await;
    let host = shared::url("orders");
    let last = elsewhere.as_array().unwrap().last().unwrap();
    assert_eq!(
        last["_links"]["self"]["href"],
        format!("{host}/orders/{id}")
    );
}

#[tokio::test]
async fn check_02_the_date_is_written_as_the_original_wrote_it() {
    let buyer = Buyer::new("dated").await;
    buyer.wants(COLOURFUL, 1, 18.0).await;
    let order = buyer.buys().await;
    let date = order["date"].as_str().unwrap();
    let shape: String = date
        .chars()
        .map(|letter| if letter.is_ascii_digit() { 'd' } else { letter })
        .collect();
    assert_eq!(shape, "dddd-dd-ddTdd:dd:dd.ddd+dddd");
    assert!(date.ends_with("+0000"), "{date}");
}

#[tokio::test]
async fn check_04_an_order_is_read_without_any_id_but_with_links() {
    let buyer = Buyer::new("reader").await;
    buyer.wants(COLOURFUL, 1, 18.0).await;
    let mut placed = buyer.buys().await;
    let path = format!("/orders/{}", placed["id"].as_str().unwrap());
    let answer = orders().get(&path).await.expect(200);
    assert!(answer.media_type().starts_with("application/hal+json"));
    let mut read = answer.json();
    assert!(!keys(&read).contains(&"id"), "{read}");
    let links = read.as_object_mut().unwrap().remove("_links").unwrap();
    let href = format!("{}{path}", shared::url("orders"));
    assert_eq!(
        links,
        json!({"self": {"href": href}, "order": {"href": href}})
    );
    without_ids(&mut placed);
    assert_eq!(read, placed);

    for unknown in ["/orders/65f1c1a04b2a9d0007a1b2d4", "/orders/none"] {
        let answer = orders().get(unknown).await.expect(404);
        assert_eq!(answer.text(), "");
    }
}

fn without_ids(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            fields.remove("id");
            fields.values_mut().for_each(without_ids);
        }
        Value::Array(list) => list.iter_mut().for_each(without_ids),
        _ => {}
    }
}

#[tokio::test]
async fn check_05_who_never_bought_has_an_empty_list() {
    for query in ["?custId=nobody", "?sort=date&custId=", ""] {
        let path = format!("/orders/search/customerId{query}");
        let answer = orders().get(&path).await.expect(200);
        assert!(answer.media_type().starts_with("application/hal+json"));
        assert_eq!(answer.json()["_embedded"]["customerOrders"], json!([]));
    }
}

#[tokio::test]
async fn check_06_an_order_needs_all_four_parts() {
    let message = "Invalid order request. Order requires customer, address, card and items.";
    for part in ["customer", "address", "card", "items"] {
        let mut order = Buyer::seed().order();
        order[part] = Value::Null;
        let answer = orders().post("/orders", &order).await;
        assert_eq!(refusal(answer), message);
        order.as_object_mut().unwrap().remove(part);
        let answer = orders().post("/orders", &order).await;
        assert_eq!(refusal(answer), message);
    }
}

#[tokio::test]
async fn check_07_an_amount_above_the_limit_is_declined_in_payments_words() {
    let buyer = Buyer::new("spender").await;
    buyer.wants(HOLY, 1, 99.99).await;
    assert_total(&buyer.buys().await, 104.98);
    buyer.wants(COLOURFUL, 1, 18.0).await;
    let answer = orders().post("/orders", &buyer.order()).await;
    assert_eq!(refusal(answer), "Payment declined: amount exceeds 105.00");
    let orders = buyer.orders_at(&orders()).await;
    assert_eq!(orders.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn check_08_a_strange_href_is_refused_and_not_followed() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let buyer = Buyer::seed();
    let strange = format!("http://{}/customers/{SEED}", trap.local_addr().unwrap());
    let rest = orders_with(post(async || Json(json!({"authorised": true})))).await;
    for orders in [orders(), Api::at(&rest.url)] {
        for href in [
            "http://169.254.169.254/x",
            &strange,
            "/customers/1",
            "file:///etc/passwd",
        ] {
            for part in ["customer", "address", "card", "items"] {
                let mut order = buyer.order();
                order[part] = json!(href);
                let answer = orders.post("/orders", &order).await;
                answer.expect(400).assert_spring_error();
            }
        }
    }
    let nobody = trap.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn check_09_nobody_buys_with_what_is_anothers() {
    let (buyer, other) = (Buyer::new("honest").await, Buyer::new("other").await);
    buyer.wants(COLOURFUL, 1, 18.0).await;
    other.wants(COLOURFUL, 1, 18.0).await;
    for part in ["customer", "address", "card", "items"] {
        let mut order = buyer.order();
        order[part] = other.order()[part].clone();
        let answer = orders().post("/orders", &order).await;
        assert!((400..500).contains(&answer.status), "{part}: {answer:?}");
        answer.assert_spring_error();
    }
    assert_eq!(buyer.orders_at(&orders()).await, json!([]));
    assert_eq!(other.orders_at(&orders()).await, json!([]));
}

#[tokio::test]
async fn check_10_only_the_word_authorised_decides() {
    let buyer = Buyer::new("trusting").await;
    buyer.wants(COLOURFUL, 3, 18.0).await;
    let (asked, mut charges) = mpsc::unbounded_channel();
    let payment = async move |Json(charge): Json<Value>| {
        asked.send(charge).unwrap();
        Json(json!({"authorised": true}))
    };
    let served = orders_with(post(payment)).await;
    let orders = Api::at(&served.url);
    let order = orders
        .post("/orders", &buyer.order())
        .await
        .expect(201)
        .json();
    assert_total(&order, 58.99);

    let charge = charges.recv().await.unwrap();
    assert_eq!(charge["amount"], json!(58.99));
    for part in ["address", "card", "customer"] {
        assert_eq!(
            charge[part].get("id"),
            Some(&Value::Null),
            "{part}: {charge}"
        );
    }
    assert_eq!(buyer.orders_at(&orders).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn check_11_a_payment_that_hangs_is_an_error_in_time_and_no_order() {
    let buyer = Buyer::new("waiting").await;
    buyer.wants(COLOURFUL, 1, 18.0).await;
    let served = orders_with(post(async || std::future::pending::<()>().await)).await;
    let orders = Api::at(&served.url);
    let begun = Instant::now();
    let answer = orders.post("/orders", &buyer.order()).await;
    let took = begun.elapsed();
    answer.expect(504).assert_spring_error();
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert_eq!(buyer.orders_at(&orders).await, json!([]));
}

#[tokio::test]
async fn check_12_an_order_can_be_neither_removed_nor_replaced() {
    let buyer = Buyer::new("lasting").await;
    buyer.wants(COLOURFUL, 1, 18.0).await;
    let order = buyer.buys().await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    for method in ["DELETE", "PUT", "PATCH"] {
        let answer = orders().send(method, &path, &order).await.expect(405);
        answer.assert_spring_error();
    }
    orders().get(&path).await.expect(200);
    for path in ["/", "/profile", "/browser", "/env"] {
        orders().get(path).await.expect(404).assert_spring_error();
    }
    let hal = "application/hal+json";
    let answer = orders().post_raw("/orders", hal, order.to_string()).await;
    answer.expect(415).assert_spring_error();
}

#[tokio::test]
async fn check_13_all_orders_are_paged() {
    for query in ["", "?page=-1&size=0&sort=nonsense"] {
        let answer = orders().get(&format!("/orders{query}")).await.expect(200);
        assert!(answer.media_type().starts_with("application/hal+json"));
        let json = answer.json();
        assert_eq!(
            (&json["page"]["size"], &json["page"]["number"]),
            (&json!(20), &json!(0))
        );
        for link in ["self", "profile", "search"] {
            assert!(json["_links"][link]["href"].is_string(), "{link}: {json}");
        }
        assert!(json["_embedded"]["customerOrders"].is_array(), "{json}");
    }
}

#[tokio::test]
async fn check_14_the_health_names_the_service_and_its_database() {
    let answer = orders().get("/health").await;
    answer.assert_healthy(&["orders", "orders-db"], "date");
}
