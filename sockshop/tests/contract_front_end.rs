//! The compat checks of the contract's page "front-end".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::{Answer, Api};
use support::shared;
use support::visitor::{COLOURFUL, Visitor, password};

/// The product Classic, at 12.00.
const CLASSIC: &str = "zzz4f044-b040-410d-8ead-4de0446aec7e";

/// Weave special, at 17.15.
const SPECIAL: &str = "510a0d7e-8e83-4193-b483-e27e09ddc34d";

#[tokio::test]
async fn check_01_a_slash_at_the_end_is_redirected_away_but_never_to_another_host() {
    let visitor = Visitor::new();
    let moved = visitor.web.get("/index.html/").await.expect(301);
    assert_eq!(moved.header("location"), "/index.html");
    let moved = visitor.web.call("POST", "/cart/?a=/b/").await.expect(301);
    assert_eq!(moved.header("location"), "/cart/?a=/b");
    let refused = visitor.web.get("//index.html/").await.expect(400);
    assert_eq!(refused.json()["message"], "invalid URL to redirect to");
}

#[tokio::test]
async fn check_02_somebody_new_gets_two_products_and_a_session() {
    let list = Visitor::new()
        .web
        .get("/catalogue?size=2")
        .await
        .expect(200);
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    let session = list.cookie("md.sid").unwrap();
    assert!(
        session.contains("HttpOnly") && session.contains("Path=/"),
        "{session}"
    );
}

#[tokio::test]
async fn check_03_an_unknown_product_is_an_error_with_status_200() {
    let answer = Visitor::new()
        .web
        .get("/catalogue/unknown")
        .await
        .expect(200);
    let error = answer.json();
    assert!(error["error"].is_string(), "{error}");
    assert!(error["status_code"].as_u64().unwrap() >= 400, "{error}");
}

#[tokio::test]
async fn check_04_a_sign_in_is_refused_without_a_word_or_kept_in_a_cookie() {
    let visitor = Visitor::new();
    let refused = visitor.signs_in("user", "wrong").await.expect(401);
    assert_eq!(refused.text(), "");
    assert_eq!(refused.cookie("logged_in"), None);
    let welcome = visitor.signs_in("user", "password").await.expect(200);
    assert!(welcome.media_type().starts_with("text/html"));
    assert_eq!(welcome.text(), "Cookie is set");
    let marker = welcome.cookie("logged_in").unwrap();
    assert!(
        marker.contains("Max-Age=3600") && marker.contains("Path=/"),
        "{marker}"
    );
    assert!(!marker.contains("HttpOnly"), "{marker}");
}

#[tokio::test]
async fn check_05_customers_are_shown_themselves_in_what_is_not_labelled_json() {
    let visitor = Visitor::new();
    visitor.signs_in("user", "password").await.expect(200);
    let answer = visitor.web.get("/customers/whatever").await.expect(200);
    assert!(!answer.media_type().contains("json"), "{answer:?}");
    assert_eq!(answer.json()["firstName"], "User");
}

#[tokio::test]
async fn check_06_the_first_card_and_address_are_shown_and_their_lack_is_a_500_inside() {
    let visitor = Visitor::new();
    for path in ["/card", "/address"] {
        let nothing = visitor.web.get(path).await.expect(200);
        assert_eq!(nothing.json(), json!({"status_code": 500}));
    }
    visitor.signs_in("user", "password").await.expect(200);
    let card = visitor.web.get("/card").await.expect(200);
    assert_eq!(card.json(), json!({"number": "5918"}));
    let address = visitor.web.get("/address").await.expect(200);
    assert_eq!(address.json()["street"], "Whitelees Road");
}

#[tokio::test]
async fn check_07_and_08_a_guest_fills_a_cart_changes_it_and_empties_it() {
    let guest = Visitor::new();
    let item = json!({"id": SPECIAL, "quantity": 9});
    let added = guest.web.post("/cart", &item).await.expect(201);
    assert_eq!((&*added.text(), added.media_type()), ("", ""));
    let quantity = async || guest.cart().await[0]["quantity"].clone();
    assert_eq!(quantity().await, 1, "each call adds one");

    let update = json!({"id": SPECIAL, "quantity": "3"});
    let updated = guest.web.post("/cart/update", &update).await.expect(202);
    assert_eq!((&*updated.text(), updated.media_type()), ("", ""));
    assert_eq!(quantity().await, 3);
    let removed = guest.web.call("DELETE", &format!("/cart/{SPECIAL}")).await;
    assert_eq!(removed.expect(202).text(), "");
    assert_eq!(guest.cart().await, json!([]));
}

#[tokio::test]
async fn check_09_a_guests_cart_comes_along_to_the_account() {
    let customer = Visitor::new();
    customer.register("carrier").await;
    customer.wants(CLASSIC).await.expect(201);
    let guest = Visitor::new();
    guest.wants(CLASSIC).await.expect(201);
    guest.wants(COLOURFUL).await.expect(201);
    guest
        .signs_in("carrier", &password("carrier"))
        .await
        .expect(200);
    let mut lines: Vec<_> = guest
        .cart()
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    lines.sort();
    assert_eq!(lines, [(COLOURFUL.to_owned(), 1), (CLASSIC.to_owned(), 2)]);
}

fn line(item: &Value) -> (String, u64) {
    let product = item["itemId"].as_str().unwrap();
    (product.to_owned(), item["quantity"].as_u64().unwrap())
}

#[tokio::test]
async fn check_10_who_registers_is_signed_in_and_nobody_else_takes_the_name() {
    let visitor = Visitor::new();
    let id = visitor.register("first").await;
    let customer = visitor.web.get("/customers/x").await.expect(200).json();
    assert_eq!(
        (&customer["id"], &customer["username"]),
        (&json!(id), &json!("first"))
    );
    let account = json!({"username": "first", "password": "another", "email": "f@example.org"});
    let second = Visitor::new();
    let refused = second.web.post("/register", &account).await.expect(409);
    refused.assert_plain_error();
    assert_eq!(second.username().await, None);
    for incomplete in [
        json!({}),
        json!({"username": "x"}),
        json!({"password": "x"}),
    ] {
        let refused = second.web.post("/register", &incomplete).await.expect(400);
        refused.assert_plain_error();
    }
}

#[tokio::test]
async fn check_11_the_marker_alone_signs_nobody_in() {
    let visitor = Visitor::new();
    for (method, path) in [
        ("GET", "/orders"),
        ("POST", "/orders"),
        ("GET", "/addresses"),
    ] {
        for cookies in ["", "logged_in=1", "logged_in=1; md.sid=s%3Anone.none"] {
            let request = visitor.web.request(method, path).header("cookie", cookies);
            let answer = Answer::to(request).await.expect(401);
            answer.assert_plain_error();
            assert_eq!(answer.json()["message"], "User not logged in.");
        }
    }
    visitor.web.get("/catalogue").await.expect(200);
}

#[tokio::test]
async fn check_12_an_order_is_placed_listed_and_read() {
    let visitor = Visitor::buyer("reader").await;
    visitor.wants(COLOURFUL).await.expect(201);
    visitor.wants(CLASSIC).await.expect(201);
    visitor.wants(CLASSIC).await.expect(201);
    let order = visitor.buys().await.expect(201).json();
    let total = order["total"].as_f64().unwrap();
    assert!(
        (total - (18.0 + 2.0 * 12.0 + 4.99)).abs() < 0.005,
        "{order}"
    );

    let orders = visitor.orders().await;
    assert_eq!(orders.len(), 1);
    let link = orders[0]["_links"]["self"]["href"].as_str().unwrap();
    let path = &link[link.rfind("/orders/").unwrap()..];
    let read = visitor.web.get(path).await.expect(200);
    assert!(read.media_type().starts_with("application/hal+json"));
    assert_eq!(read.json(), orders[0]);
    let none = visitor.web.get("/orders/65f1c1a04b2a9d0007a1b2d4").await;
    none.expect(404);
}

#[tokio::test]
async fn check_13_and_14_an_order_needs_an_address_and_a_card() {
    let visitor = Visitor::new();
    visitor.register("bare").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let is_refused = async || {
        let refused = visitor.buys().await.expect(406);
        assert!(refused.media_type().starts_with("application/json"));
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("Invalid order request."), "{message}");
    };
    is_refused().await;
    assert!(!visitor.saves_address().await.is_empty());
    is_refused().await;
    assert!(!visitor.saves_card().await.is_empty());
    visitor.buys().await.expect(201);
}

#[tokio::test]
async fn check_15_requests_are_counted_where_the_public_does_not_look() {
    let visitor = Visitor::new();
    visitor.web.get("/catalogue?size=1").await.expect(200);
    let admin = shared::shop().instance("front-end-1").admin_url();
    let metrics = Api::at(&admin).get("/metrics").await.expect(200).text();
    for (name, label) in [
        (
            "http_request_duration_seconds_count{",
            r#"path="catalogue""#,
        ),
        ("request_duration_seconds_count{", r#"route="catalogue""#),
    ] {
        let labels = [
            label,
            r#"service="front-end""#,
            r#"method="get""#,
            r#"status_code="200""#,
        ];
        let mut lines = metrics.lines().filter(|line| line.starts_with(name));
        let counted = lines.any(|line| labels.iter().all(|label| line.contains(label)));
        assert!(counted, "{name} {label}: {metrics}");
    }
    visitor.web.get("/metrics").await.expect(404);
}

#[tokio::test]
async fn what_is_not_there_is_named_and_head_and_options_work() {
    let visitor = Visitor::new();
    let missing = visitor.web.get("/no/such/page").await.expect(404);
    assert!(missing.media_type().starts_with("text/html"));
    assert!(missing.text().contains("Cannot GET /no/such/page"));
    for path in ["/health", "/addresses/65f1c1a04b2a9d0007a1b2d4"] {
        visitor.web.get(path).await.expect(404);
    }
    let head = visitor.web.call("HEAD", "/catalogue").await.expect(200);
    assert_eq!(head.text(), "");
    let options = visitor.web.call("OPTIONS", "/cart").await.expect(200);
    for method in ["GET", "POST", "DELETE"] {
        assert!(options.header("allow").contains(method), "{options:?}");
    }
}

#[tokio::test]
async fn a_terminal_gets_plain_text() {
    let visitor = Visitor::new();
    let request = visitor
        .web
        .request("GET", "/")
        .header("user-agent", "curl/8.5.0");
    let window = Answer::to(request).await.expect(200);
    assert!(window.media_type().starts_with("text/plain"));
    assert!(
        window.text().contains("Colourful") && !window.text().contains("</"),
        "{window:?}"
    );
}
