//! The end-to-end checks of the contract's first page.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::{Answer, Api};
use support::served::Served;
use support::shared;
use support::visitor::{COLOURFUL, HOLY, SEED, Visitor, password};

#[track_caller]
fn assert_total(order: &Value, total: f64) {
    let difference = order["total"].as_f64().unwrap() - total;
    assert!(difference.abs() < 0.005, "{order}");
}

#[tokio::test]
async fn check_01_the_door_is_open_and_the_list_begins_with_holy() {
    let visitor = Visitor::new();
    let home = visitor.web.get("/").await.expect(200);
    assert!(home.media_type().starts_with("text/html"));
    assert!(home.text().contains("</html>"));
    let list = visitor.web.get("/catalogue").await.expect(200).json();
    assert_eq!(list[0]["id"], HOLY);
}

#[tokio::test]
async fn check_02_to_07_the_customer_of_the_seed_signs_in_and_buys() {
    let visitor = Visitor::new();
    let welcome = visitor.signs_in("user", "password").await.expect(200);
    assert_eq!(welcome.text(), "Cookie is set");
    assert!(welcome.cookie("md.sid").is_some() && welcome.cookie("logged_in").is_some());

    visitor.web.call("DELETE", "/cart").await.expect(202);
    let added = visitor.wants(COLOURFUL).await.expect(201);
    assert_eq!(added.text(), "");
    let cart = visitor.cart().await;
    assert_eq!(cart.as_array().unwrap().len(), 1, "{cart}");
    assert_eq!(cart[0]["itemId"], COLOURFUL);
    assert_eq!(cart[0]["quantity"], 1);
    assert_eq!(cart[0]["unitPrice"].as_f64(), Some(18.0));

    let order = visitor.buys().await.expect(201).json();
    assert_total(&order, 22.99);
    assert_eq!(order["customerId"], SEED);
    assert_eq!(order["shipment"]["name"], SEED);
    let orders = visitor.orders().await;
    let last = &orders.last().unwrap()["_links"]["self"]["href"];
    let id = order["id"].as_str().unwrap();
    assert!(last.as_str().unwrap().ends_with(id), "{last}");
    assert_eq!(visitor.cart().await, cart, "it is the client's to clear");
}

#[tokio::test]
async fn check_08_the_dearest_sock_is_within_the_limit_of_105_and_above_that_of_100() {
    let visitor = Visitor::buyer("dearest").await;
    visitor.wants(COLOURFUL).await.expect(201);
    visitor.web.call("DELETE", "/cart").await.expect(202);
    visitor.wants(HOLY).await.expect(201);
    assert_total(&visitor.buys().await.expect(201).json(), 104.98);

    let payment = Served::start("payment", &[("PAYMENT_LIMIT", "100")]);
    let orders = among_the_others("orders", &[("PAYMENT_URL", &payment.url)]);
    let front_end = among_the_others("front-end", &[("ORDERS_URL", &orders.url)]);
    let visitor = Visitor::at(&front_end.url).who_buys("too-dear").await;
    visitor.wants(HOLY).await.expect(201);
    let refused = visitor.buys().await.expect(406);
    assert!(refused.media_type().starts_with("application/json"));
    let message = &refused.json()["message"];
    assert_eq!(message, "Payment declined: amount exceeds 100.00");
    assert_eq!(visitor.orders().await, Vec::<Value>::new());
}

/// `service` by itself, which finds the others in the shared shop unless
/// `settings` say otherwise.
fn among_the_others(service: &str, settings: &[(&str, &str)]) -> Served {
    let others = [
        "catalogue",
        "carts",
        "orders",
        "payment",
        "user",
        "shipping",
    ];
    let others = others.map(|name| (format!("{}_URL", name.to_uppercase()), shared::url(name)));
    let others = others.iter().map(|(name, url)| (&**name, &**url));
    let settings: Vec<_> = others.chain(settings.iter().copied()).collect();
    Served::start(service, &settings)
}

#[tokio::test]
async fn check_09_all_seven_backends_are_well() {
    for (service, time) in [
        ("catalogue", "time"),
        ("user", "time"),
        ("payment", "time"),
        ("carts", "date"),
        ("orders", "date"),
        ("shipping", "date"),
        ("queue-master", "date"),
    ] {
        let health = Api::of(service).get("/health").await.health(time);
        assert!(!health.is_empty(), "{service}");
        assert!(
            health.iter().all(|word| word.ends_with(" OK")),
            "{health:?}"
        );
    }
}

#[tokio::test]
async fn check_10_what_a_guest_wanted_is_the_customers_after_signing_in() {
    let id = Visitor::new().register("late").await;
    let guest = Visitor::new();
    guest.wants(COLOURFUL).await.expect(201);
    guest.signs_in("late", &password("late")).await.expect(200);
    let carts = Api::of("carts");
    let cart = carts.get(&format!("/carts/{id}/items")).await.json();
    assert_eq!(cart[0]["itemId"], COLOURFUL, "{cart}");
    assert_eq!(guest.cart().await, cart);
}

/// The backend requests of the topology table, in the original front-end's
/// words: what it did for a guest who fills a cart, signs in and buys.
#[tokio::test]
async fn check_11_the_originals_front_end_would_be_served() {
    let (user, carts, orders) = (Api::of("user"), Api::of("carts"), Api::of("orders"));
    let id = Visitor::buyer("of-old").await.web.get("/customers/x").await;
    let id = id.json()["id"].as_str().unwrap().to_owned();
    let guest = "of-old-session_0123456789abcdefgh";

    let sock = format!("/catalogue/{COLOURFUL}");
    let sock = Api::of("catalogue").get(&sock).await.expect(200).json();
    let item = json!({"itemId": sock["id"], "unitPrice": sock["price"]});
    let path = format!("/carts/{guest}/items");
    carts.post(&path, &item).await.expect(201);

    let login = user.request("GET", "/login");
    let login = login.basic_auth("of-old", Some(password("of-old")));
    let login = Answer::to(login).await.expect(200).json();
    assert_eq!(login["user"]["id"], id, "{login}");
    let merge = format!("/carts/{id}/merge?sessionId={guest}");
    carts.get(&merge).await.expect(202);

    let first = async |kind: &str, embedded: &str| {
        let list = user.get(&format!("/customers/{id}/{kind}")).await;
        list.expect(200).json()["_embedded"][embedded][0]["_links"]["self"]["href"].clone()
    };
    let customer = user.get(&format!("/customers/{id}")).await.expect(200);
    let order = json!({
        "customer": customer.json()["_links"]["self"]["href"],
        "address": first("addresses", "address").await,
        "card": first("cards", "card").await,
        "items": format!("http://carts/carts/{id}/items"),
    });
    let placed = orders.post("/orders", &order).await.expect(201).json();
    assert_total(&placed, 22.99);
    let search = format!("/orders/search/customerId?sort=date&custId={id}");
    let found = orders.get(&search).await.expect(200).json();
    let found = found["_embedded"]["customerOrders"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(found, 1);
}
