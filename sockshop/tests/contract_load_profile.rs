//! The compat checks of the contract's page "load-profile": what the original's
//! simulated users do.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::by_hand::exchange;
use support::visitor::{COLOURFUL, Visitor};
use tokio::sync::Mutex;

/// All simulated users share one account, and the checks count its orders.
static ACCOUNT: Mutex<()> = Mutex::const_new(());

/// One of the nine requests, and the status it got.
type Seen = (&'static str, u16);

/// The nine requests, in their order.
async fn iterate(user: &Visitor) -> Vec<Seen> {
    let web = &user.web;
    let list = web.get("/catalogue").await;
    let (list_status, list) = (list.status, list.json());
    let items = list.as_array().unwrap();
    let item = items[rand::random_range(0..items.len())]["id"].as_str();
    let item = item.unwrap();
    let mut seen = vec![("GET /catalogue", list_status)];
    let mut see = |request, status| seen.push((request, status));
    see("GET /", web.get("/").await.status);
    let login = user.signs_in("user", "password").await;
    see("GET /login", login.status);
    let category = web.get("/category.html").await;
    see("GET /category.html", category.status);
    let detail = web.get(&format!("/detail.html?id={item}")).await;
    see("GET /detail.html", detail.status);
    let cleared = web.call("DELETE", "/cart").await;
    see("DELETE /cart", cleared.status);
    let wanted = json!({"id": item, "quantity": 1});
    see("POST /cart", web.post("/cart", &wanted).await.status);
    see("GET /basket.html", web.get("/basket.html").await.status);
    see("POST /orders", user.buys().await.status);
    seen
}

async fn iterations(count: usize) -> Vec<Seen> {
    let user = Visitor::new();
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.extend(iterate(&user).await);
    }
    seen
}

#[tokio::test]
async fn check_01_one_user_is_never_refused_and_buys_one_thing_each_time() {
    let _account = ACCOUNT.lock().await;
    let customer = Visitor::new();
    customer.signs_in("user", "password").await.expect(200);
    let before = customer.orders().await.len();

    let seen = iterations(10).await;
    assert_eq!(seen.len(), 90);
    let refused: Vec<_> = seen.iter().filter(|(_, status)| *status >= 400).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let orders = customer.orders().await;
    let new = &orders[before..];
    assert_eq!(new.len(), 10);
    for order in new {
        assert_eq!(order["items"].as_array().unwrap().len(), 1, "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_02_twenty_users_break_nothing_though_they_share_a_cart() {
    let _account = ACCOUNT.lock().await;
    let users = join_all((0..20).map(|_| tokio::spawn(iterations(10)))).await;
    let seen: Vec<Seen> = users.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(seen.len(), 20 * 10 * 9);
    let wrong = seen.iter().filter(|(request, status)| {
        // A cart that others have filled or emptied meanwhile may be refused.
        let refused = (*request, *status) == ("POST /orders", 406);
        *status >= 400 && !refused
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&Seen>::new());
    let orders = seen.iter().filter(|one| **one == ("POST /orders", 201));
    assert!(orders.count() > 0, "{seen:?}");

    let customer = Visitor::new();
    customer.signs_in("user", "password").await.expect(200);
    let cart = customer.cart().await;
    let lines = cart.as_array().unwrap();
    let products: HashSet<&str> = lines.iter().map(product).collect();
    assert_eq!(products.len(), lines.len(), "{cart}");
}

/// The product of a line that makes sense.
fn product(line: &Value) -> &str {
    assert!(line["quantity"].as_u64().unwrap() > 0, "{line}");
    assert!(line["unitPrice"].as_f64().unwrap() > 0.0, "{line}");
    line["itemId"].as_str().unwrap()
}

#[tokio::test]
async fn check_03_an_order_needs_neither_a_body_nor_a_media_type() {
    let visitor = Visitor::new();
    let account = json!({"username": "terse", "password": "and to the point"});
    let answer = visitor.web.post("/register", &account).await.expect(200);
    let cookies = ["md.sid", "logged_in"].map(|name| {
        let cookie = answer.cookie(name).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    });
    visitor.saves_address().await;
    visitor.saves_card().await;
    visitor.wants(COLOURFUL).await.expect(201);
    let cookies = format!("Cookie: {}", cookies.join("; "));
    let request = ["POST /orders HTTP/1.1", "Content-Length: 0", &*cookies];
    let answer = exchange(&support::shared::shop().url, &request, "");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn check_04_a_product_that_is_not_sold_still_has_a_page() {
    let page = Visitor::new()
        .web
        .get("/detail.html?id=none")
        .await
        .expect(200);
    assert!(page.media_type().starts_with("text/html"));
    assert!(page.text().contains("<h1>"), "{}", page.text());
}

#[tokio::test]
async fn check_05_the_door_opens_without_a_redirect() {
    let answer = exchange(&support::shared::shop().url, &["GET / HTTP/1.1"], "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
