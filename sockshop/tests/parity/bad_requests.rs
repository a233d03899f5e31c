//! Bad requests to the REST faces: each is told so, in its service's words.

use serde_json::json;

use super::UNKNOWN;
use super::support::api::{Answer, Api};

const JSON: &str = "application/json";

/// A request that nobody can mean: method, path, body and the status it gets.
/// The media type is JSON's, unless the path ends in ` as text`.
type Bad = (&'static str, &'static str, &'static [u8], u16);

/// What no service can read, whatever it expects.
const UNREADABLE: [&[u8]; 10] = [
    b"",
    b"{",
    b"}",
    b"[]",
    b"\"text\"",
    b"null",
    b"{\"a\":1}{",
    b"{\"a\":01}",
    b"\xff\xfe\x00",
    b"{'itemId':'A'}",
];

async fn send(service: &str, &(method, path, body, _): &Bad) -> Answer {
    let (path, media_type) = match path.strip_suffix(" as text") {
        Some(path) => (path, "text/plain"),
        None => (path, JSON),
    };
    let request = Api::of(service).request(method, path);
    Answer::to(request.header("content-type", media_type).body(body)).await
}

/// Sends each, and looks at how it is refused.
async fn all_refused(service: &str, refused: fn(&Answer), requests: &[Bad]) {
    for bad in requests {
        let answer = send(service, bad).await;
        let (status, text) = (answer.status, answer.text());
        assert_eq!(status, bad.3, "{service} {} {} {text}", bad.0, bad.1);
        refused(&answer);
    }
}

/// A `POST` of everything unreadable, and of too much.
async fn unreadable_is_refused(service: &str, path: &str, refused: fn(&Answer)) {
    let deep = [b"{\"a\":".to_vec(), b"[".repeat(20_000)].concat();
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(100_000)).into_bytes();
    let bodies = UNREADABLE.iter().map(|body| body.to_vec());
    for body in bodies.chain([deep, long]) {
        let start: String = super::support::text(&body).chars().take(20).collect();
        let answer = Api::of(service).post_raw(path, JSON, body).await;
        assert_eq!(
            answer.status,
            400,
            "{service} {path} {start}: {}",
            answer.text()
        );
        refused(&answer);
    }
}

fn in_go(answer: &Answer) {
    if answer.text() != "404 page not found\n" {
        answer.assert_go_error();
    }
}

fn in_spring(answer: &Answer) {
    answer.assert_spring_error();
}

#[tokio::test]
async fn the_catalogue_refuses_what_it_does_not_sell() {
    let requests: [Bad; 7] = [
        ("GET", "/catalogue/%00", b"", 404),
        ("GET", "/catalogue/%FF", b"", 400),
        ("GET", "/catalogue/images/..%2f..%2fCargo.toml", b"", 404),
        ("GET", "/catalogue/images/%00", b"", 404),
        ("DELETE", "/catalogue", b"", 404),
        ("PUT", "/tags", b"{}", 404),
        ("GET", "/nowhere", b"", 404),
    ];
    all_refused("catalogue", in_go, &requests).await;
    for query in [
        "tags=%FF",
        "tags=%00",
        "tags=,,,",
        "sort=%27;--",
        "page=1e9",
        "&&&=",
        "size=%F0",
    ] {
        Api::of("catalogue")
            .get(&format!("/catalogue?{query}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn carts_refuse_items_that_are_none() {
    const ITEMS: &str = "/carts/bad/items";
    let requests: [Bad; 21] = [
        (
            "POST",
            "/carts/bad/items as text",
            br#"{"itemId":"A"}"#,
            415,
        ),
        ("POST", ITEMS, b"{}", 400),
        ("POST", ITEMS, br#"{"itemId":null}"#, 400),
        ("POST", ITEMS, br#"{"itemId":""}"#, 400),
        ("POST", ITEMS, br#"{"itemId":{}}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"a\u0000b"}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","quantity":0}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","quantity":-1}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","quantity":1e300}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","quantity":true}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","unitPrice":-1}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","unitPrice":"NaN"}"#, 400),
        ("POST", ITEMS, br#"{"itemId":"A","unitPrice":1e300}"#, 400),
        ("PATCH", ITEMS, br#"{"itemId":"A","quantity":null}"#, 400),
        ("PATCH", ITEMS, br#"{"itemId":"A","quantity":-1}"#, 400),
        ("PATCH", ITEMS, br#"{"itemId":"A","quantity":1}"#, 404),
        ("DELETE", "/carts/bad/items/A", b"", 404),
        ("GET", "/carts/%FF/items", b"", 400),
        ("GET", "/carts/%00/items", b"", 400),
        ("GET", "/carts/bad/merge?sessionId=", b"", 400),
        ("PUT", ITEMS, b"{}", 405),
    ];
    all_refused("carts", in_spring, &requests).await;
    unreadable_is_refused("carts", ITEMS, in_spring).await;
    let items = Api::of("carts").get(ITEMS).await.expect(200).json();
    assert_eq!(items, json!([]));
    let long = format!("/carts/{}/items", "x".repeat(1000));
    in_spring(&Api::of("carts").get(&long).await.expect(400));
}

#[tokio::test]
async fn payment_refuses_amounts_that_are_none() {
    const PATH: &str = "/paymentAuth";
    let requests: [Bad; 10] = [
        ("POST", PATH, b"{}", 400),
        ("POST", PATH, br#"{"amount":null}"#, 400),
        ("POST", PATH, br#"{"amount":"10"}"#, 400),
        ("POST", PATH, br#"{"amount":true}"#, 400),
        ("POST", PATH, br#"{"amount":[10]}"#, 400),
        ("POST", PATH, br#"{"amount":0}"#, 400),
        ("POST", PATH, br#"{"amount":-0.01}"#, 400),
        ("POST", PATH, br#"{"amount":1e300}"#, 400),
        ("POST", PATH, br#"{"amount":1e999}"#, 400),
        ("DELETE", PATH, b"", 404),
    ];
    all_refused("payment", in_go, &requests).await;
    unreadable_is_refused("payment", PATH, in_go).await;
}

#[tokio::test]
async fn shipping_refuses_shipments_that_are_none() {
    const PATH: &str = "/shipping";
    let requests: [Bad; 7] = [
        ("POST", "/shipping as text", br#"{"id":"x"}"#, 415),
        ("POST", PATH, br#"{"id":5}"#, 400),
        ("POST", PATH, br#"{"name":{}}"#, 400),
        ("POST", PATH, br#"{"name":"a\u0000b"}"#, 400),
        ("GET", "/shipping/%FF", b"", 400),
        ("DELETE", PATH, b"", 405),
        ("GET", "/env", b"", 404),
    ];
    all_refused("shipping", in_spring, &requests).await;
    unreadable_is_refused("shipping", PATH, in_spring).await;
}

#[tokio::test]
async fn user_refuses_what_is_no_account_address_or_card() {
    let requests: [Bad; 22] = [
        ("POST", "/register", b"{}", 400),
        ("POST", "/register", br#"{"username":"x"}"#, 400),
        (
            "POST",
            "/register",
            br#"{"username":"x","password":""}"#,
            400,
        ),
        (
            "POST",
            "/register",
            br#"{"username":"","password":"p"}"#,
            400,
        ),
        (
            "POST",
            "/register",
            br#"{"username":5,"password":"p"}"#,
            400,
        ),
        (
            "POST",
            "/register",
            br#"{"username":"a\u0000b","password":"p"}"#,
            400,
        ),
        (
            "POST",
            "/register",
            br#"{"username":"user","password":"p"}"#,
            409,
        ),
        ("POST", "/customers", br#"{"username":"x"}"#, 400),
        ("POST", "/addresses", br#"{"number":5}"#, 400),
        ("POST", "/addresses", br#"{"userID":"xyz"}"#, 400),
        (
            "POST",
            "/addresses",
            br#"{"userID":"57a98d98e4b00679b4a83fff"}"#,
            404,
        ),
        ("POST", "/addresses", br#"{"street":"a\u0000b"}"#, 400),
        ("POST", "/cards", b"{}", 400),
        ("POST", "/cards", br#"{"longNum":"1"}"#, 400),
        (
            "POST",
            "/cards",
            br#"{"longNum":"4000123412341234","expires":"13/29"}"#,
            400,
        ),
        (
            "POST",
            "/cards",
            br#"{"longNum":"4000123412341234","userID":"57a98d98e4b00679b4a83fff"}"#,
            404,
        ),
        ("DELETE", "/customers/xyz", b"", 400),
        ("DELETE", "/customers/57a98d98e4b00679b4a83fff", b"", 404),
        ("DELETE", "/sessions/57a98d98e4b00679b4a83fff", b"", 404),
        ("GET", "/cards/%00", b"", 400),
        ("GET", "/addresses/%FF", b"", 400),
        ("PUT", "/customers", b"{}", 404),
    ];
    all_refused("user", in_go, &requests).await;
    for path in ["/register", "/customers", "/cards"] {
        unreadable_is_refused("user", path, in_go).await;
    }
    for header in ["Basic", "Basic !", "Bearer x", "Basic YWRh", "\u{e9}"] {
        let request = Api::of("user").request("GET", "/login");
        in_go(
            &Answer::to(request.header("authorization", header))
                .await
                .expect(401),
        );
    }
    assert_eq!(UNKNOWN, "57a98d98e4b00679b4a83fff", "as above");
}

#[tokio::test]
async fn orders_refuse_what_nobody_can_order() {
    const PATH: &str = "/orders";
    let requests: [Bad; 8] = [
        ("POST", "/orders as text", b"{}", 415),
        ("POST", PATH, b"{}", 406),
        ("POST", PATH, br#"{"customer":5}"#, 400),
        (
            "POST",
            PATH,
            br#"{"customer":"","address":"","card":"","items":""}"#,
            400,
        ),
        (
            "POST",
            PATH,
            br#"{"customer":"http://\u0000","address":"x","card":"x","items":"x"}"#,
            400,
        ),
        ("GET", "/orders/%FF", b"", 400),
        ("PATCH", PATH, b"{}", 405),
        ("GET", "/dump", b"", 404),
    ];
    all_refused("orders", in_spring, &requests).await;
    unreadable_is_refused("orders", PATH, in_spring).await;
    Api::of("orders").get("/orders/%00").await.expect(404);
    let href = |path: &str| format!("http://user/{path}/{UNKNOWN}");
    let order = json!({"customer": href("customers"), "address": href("addresses"), "card": href("cards"),
                       "items": format!("http://carts/carts/{UNKNOWN}/items")});
    in_spring(&Api::of("orders").post(PATH, &order).await.expect(404));
    let request = Api::of("orders").request("POST", PATH).json(&order);
    let request = request.header("idempotency-key", "k".repeat(201));
    in_spring(&Answer::to(request).await.expect(400));
    for query in [
        "page=x",
        "size=-5",
        "sort=%FF,up",
        "page=99999999999999999999",
        "custId=%00",
    ] {
        for path in ["/orders", "/orders/search/customerId"] {
            Api::of("orders")
                .get(&format!("{path}?{query}"))
                .await
                .expect(200);
        }
    }
}
