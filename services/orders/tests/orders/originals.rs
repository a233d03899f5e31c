//! Next to services of the original: everything over REST, nothing asked that
//! they do not know.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::Discovery;
use chassis::discovery::Lookup;
use chassis::testing::database_url;
use proto::orders as pb;
use serde_json::{Value, json};

use crate::support::{ADDRESS, CARD, CUSTOMER, Process, SOCK, hrefs, refusal};

/// Stubs in the shapes of the original.
#[derive(Clone)]
struct Originals {
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    payment: Payment,
    url: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Payment {
    Terse,
    Declines,
    Empty,
    Hangs,
    Fails,
    Redirects,
}

impl Originals {
    async fn start(payment: Payment) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let originals = Self {
            seen: Arc::default(),
            payment,
            url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let app = Router::new()
            .route("/customers/{id}", get(customer))
            .route("/customers/{id}/addresses", get(addresses))
            .route("/customers/{id}/cards", get(cards))
            .route("/addresses/{id}", get(address))
            .route("/cards/{id}", get(card))
            .route("/carts/{id}/items", get(items))
            .route(
                "/carts/{id}",
                get(|| async {}).delete(|| async { StatusCode::ACCEPTED }),
            )
            .route("/paymentAuth", post(pay))
            .route("/shipping", post(ship))
            .with_state(originals.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        originals
    }

    async fn process(&self, flags: &[&str]) -> Process {
        let nowhere = Discovery::new(&Lookup::default()).unwrap();
        let known = ["user", "carts", "payment", "shipping"]
            .into_iter()
            .fold(nowhere, |known, name| known.knowing(name, &self.url));
        let flags = [&["--upstreams", "rest"], flags].concat();
        Process::over(&known, &database_url().await, &flags).await
    }

    fn seen(&self, path: &str) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        let seen = seen.iter().filter(|(own, _)| own == path);
        seen.map(|(_, body)| body.clone()).collect()
    }

    fn note(&self, path: &str, body: Value) {
        self.seen.lock().unwrap().push((path.to_owned(), body));
    }
}

async fn customer(Path(id): Path<String>) -> Json<Value> {
    let own = format!("http://user/customers/{id}");
    Json(
        json!({"firstName": "User", "lastName": "Name", "username": "user", "id": id,
        "addresses": [{"extra": true}], "_links": {"self": {"href": own}, "customer": {"href": own}}}),
    )
}

async fn addresses() -> Json<Value> {
    Json(json!({"_embedded": {"address": [{"id": ADDRESS, "street": "x"}]}}))
}

async fn cards() -> Json<Value> {
    Json(json!({"_embedded": {"card": [{"id": CARD}]}}))
}

async fn address(Path(id): Path<String>) -> Json<Value> {
    Json(
        json!({"number": "246", "street": "Whitelees Road", "city": "Glasgow", "postcode": "G67 3DL",
        "country": "United Kingdom", "id": id}),
    )
}

async fn card() -> Json<Value> {
    Json(json!({"longNum": "5544154011345918", "expires": "08/19", "ccv": "958"}))
}

async fn items() -> Json<Value> {
    Json(
        json!([{"id": "65f1c0de4b2a9d0007a1b2c3", "itemId": SOCK, "quantity": 3, "unitPrice": 18.0}, null]),
    )
}

async fn pay(State(originals): State<Originals>, Json(body): Json<Value>) -> Response {
    originals.note("/paymentAuth", body);
    match originals.payment {
        Payment::Terse => Json(json!({"authorised": true})).into_response(),
        Payment::Declines => {
            let said = "Payment declined: amount exceeds 105.00";
            Json(json!({"authorised": false, "message": said})).into_response()
        }
        Payment::Empty => ().into_response(),
        Payment::Hangs => std::future::pending().await,
        Payment::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Payment::Redirects => Redirect::temporary("/shipping").into_response(),
    }
}

async fn ship(State(originals): State<Originals>, request: Request) -> Response {
    let bytes = axum::body::to_bytes(request.into_body(), 10_000)
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    originals.note("/shipping", body.clone());
    (StatusCode::CREATED, Json(body)).into_response()
}

#[tokio::test]
async fn an_order_goes_through_next_to_the_originals() {
    let originals = Originals::start(Payment::Terse).await;
    let process = originals.process(&[]).await;
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let order = answer.json();
    assert_eq!(
        (&order["total"], &order["customerId"]),
        (&json!(58.99), &json!(CUSTOMER))
    );
    assert_eq!(
        order["card"],
        json!({"id": null, "longNum": "************5918", "expires": "08/19", "ccv": "***"})
    );

    let charge = &originals.seen("/paymentAuth")[0];
    assert_eq!(charge["amount"], 58.99);
    for key in ["address", "card", "customer"] {
        assert_eq!((&charge[key], &order[key]), (&order[key], &charge[key]));
        assert!(charge[key]["id"].is_null());
    }
    process.relay().await;
    assert_eq!(
        originals.seen("/shipping"),
        [json!({"id": order["shipment"]["id"], "name": CUSTOMER})]
    );
    process.follow().await;
}

#[tokio::test]
async fn the_shops_own_api_works_next_to_them_too() {
    let originals = Originals::start(Payment::Terse).await;
    let process = originals.process(&[]).await;
    let order = process.place("k").await.unwrap();
    assert_eq!((order.state(), order.total_cents), (pb::State::Paid, 5899));
    process.relay().await;
    assert_eq!(process.shop.store.backlog().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn an_order_can_be_cancelled_until_their_shipping_may_have_been_told() {
    let originals = Originals::start(Payment::Terse).await;
    let process = originals.process(&[]).await;
    let early = process.place("early").await.unwrap();
    for _ in 0..2 {
        let cancelled = process.cancel(&early.id).await.unwrap();
        assert_eq!(cancelled.state(), pb::State::Cancelled);
    }
    process.relay().await;
    assert!(originals.seen("/shipping").is_empty());

    let late = process.place("late").await.unwrap();
    process.relay().await;
    let refused = refusal(process.cancel(&late.id).await);
    assert_eq!(refused.0, tonic::Code::FailedPrecondition);
    process.relay().await;
    assert_eq!(originals.seen("/shipping").len(), 1);
    assert_eq!(process.get(&late.id).await.state(), pb::State::Paid);
}

#[tokio::test]
async fn hrefs_to_other_hosts_are_read_where_they_say_when_allowed() {
    let originals = Originals::start(Payment::Terse).await;
    let host = originals.url.trim_start_matches("http://").to_owned();
    let other = Originals::start(Payment::Fails).await;
    let moved = |text: &str| {
        text.replace("//user", &format!("//{host}"))
            .replace("//carts", &format!("//{host}"))
    };
    let body: Value = serde_json::from_str(&moved(&hrefs().to_string())).unwrap();
    let process = originals.process(&["--href-hosts", &host]).await;
    assert_eq!(process.post(body.clone()).await.status, StatusCode::CREATED);
    let process = other.process(&[]).await;
    assert_eq!(process.post(body).await.status, StatusCode::BAD_REQUEST);
    assert!(other.seen("/paymentAuth").is_empty());
}

#[tokio::test]
async fn a_strangers_address_or_card_is_refused_though_the_original_would_show_it() {
    let originals = Originals::start(Payment::Terse).await;
    let process = originals.process(&[]).await;
    for (key, kind) in [("address", "addresses"), ("card", "cards")] {
        let mut body = hrefs();
        body[key] = json!(format!("http://user/{kind}/57a98d98e4b00679b4a830ad"));
        let answer = process.post(body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{key}");
    }
    assert!(originals.seen("/paymentAuth").is_empty());
}

#[tokio::test]
async fn payments_no_and_payments_nonsense_are_not_acceptable() {
    for (payment, message) in [
        (Payment::Declines, "Payment declined: amount exceeds 105.00"),
        (Payment::Empty, "Unable to parse authorisation packet"),
    ] {
        let process = Originals::start(payment).await.process(&[]).await;
        let answer = process.post(hrefs()).await;
        assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
        assert_eq!(answer.json()["message"], message);
    }
}

#[tokio::test]
async fn a_payment_that_hangs_or_fails_leaves_no_order() {
    for (payment, status) in [
        (Payment::Hangs, StatusCode::GATEWAY_TIMEOUT),
        (Payment::Fails, StatusCode::SERVICE_UNAVAILABLE),
        (Payment::Redirects, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let originals = Originals::start(payment).await;
        let process = originals.process(&["--place-timeout", "400ms"]).await;
        let answer = process.post(hrefs()).await;
        assert_eq!(answer.status, status);
        assert_eq!(process.all().await[0].state(), pb::State::Cancelled);
        let (_, found) = chassis::testing::get(&process.app, "/orders").await;
        assert_eq!(found["page"]["totalElements"], 0);
        process.relay().await;
        assert!(
            originals.seen("/shipping").is_empty(),
            "nothing was followed"
        );
    }
}
