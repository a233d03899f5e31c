//! The compat checks of the contract's page "shipping".
//!
//! There is no `RabbitMQ` here: the queue is shipping's own store, and its
//! consumers lease from it over gRPC.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use proto::shipping::shipping_client::ShippingClient;
use proto::shipping::{GetShipmentRequest, LeaseShipmentsRequest, State};
use serde_json::{Value, json};
use support::api::Api;
use support::served::Served;
use support::{Shop, eventually_async, grpc};

fn shipping() -> Api {
    Api::of("shipping")
}

#[tokio::test]
async fn check_01_a_shipment_is_answered_as_it_was_sent() {
    let sent = json!({"id": "x-1", "name": "n"});
    let answer = shipping().post("/shipping", &sent).await.expect(201);
    assert_eq!(answer.media_type(), "application/json;charset=UTF-8");
    assert_eq!(answer.json(), sent);
    let more = json!({"id": "x-2", "name": null, "colour": "red"});
    let answer = shipping().post("/shipping", &more).await.expect(201);
    assert_eq!(answer.json(), json!({"id": "x-2", "name": null}));
}

#[tokio::test]
async fn check_02_an_empty_object_is_a_shipment_with_a_new_uuid() {
    let answer = shipping().post("/shipping", &json!({})).await.expect(201);
    let shipment = answer.json();
    assert_eq!(shipment["name"], "");
    let id = shipment["id"].as_str().unwrap();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(
        id.bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit()),
        "{id}"
    );
    let again = shipping().post("/shipping", &json!({})).await.expect(201);
    assert_ne!(again.json()["id"], shipment["id"]);
}

#[tokio::test]
async fn check_03_what_is_no_json_is_refused() {
    for (media_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "", 400),
        ("text/plain", r#"{"id":"x"}"#, 415),
    ] {
        let answer = shipping().post_raw("/shipping", media_type, body).await;
        answer.expect(status).assert_spring_error();
    }
}

/// A shop's own worker would be faster than we are, so this shipping has none.
#[tokio::test]
async fn check_04_a_consumer_sees_what_was_posted() {
    let alone = Served::start("shipping", &[]);
    let sent = json!({"id": "x-4", "name": "57a98d98e4b00679b4a830b2"});
    Api::at(&alone.url)
        .post("/shipping", &sent)
        .await
        .expect(201);

    let mut queue = ShippingClient::new(grpc(&alone.url));
    let request = LeaseShipmentsRequest {
        worker: "a test".into(),
        max: 10,
    };
    let leases = queue.lease_shipments(request.clone()).await.unwrap();
    let leases = leases.into_inner().leases;
    let seen: Vec<Value> = leases
        .iter()
        .filter_map(|lease| lease.shipment.as_ref())
        .map(|shipment| json!({"id": shipment.id, "name": shipment.name}))
        .collect();
    assert_eq!(seen, [sent]);
    let again = queue.lease_shipments(request).await.unwrap().into_inner();
    assert_eq!(again.leases, [], "it is nobody else's now");
}

/// Closing the shop blocks a thread, and another has to answer its farewell.
#[tokio::test(flavor = "multi_thread")]
async fn check_05_what_is_posted_while_nobody_works_is_shipped_later() {
    let shop = Shop::open();
    assert!(shop.run(&["pause", "queue-master-1"]).status.success());
    let url = shop.service("shipping");
    let sent = json!({"id": "x-5", "name": "n"});
    Api::at(&url).post("/shipping", &sent).await.expect(201);

    let state = async || {
        let mut queue = ShippingClient::new(grpc(&url));
        let request = GetShipmentRequest { id: "x-5".into() };
        queue
            .get_shipment(request)
            .await
            .unwrap()
            .into_inner()
            .state()
    };
    assert_eq!(state().await, State::Waiting);
    // The queue itself may end, too.
    assert!(shop.run(&["kill", "shipping-1"]).status.success());
    assert!(shop.run(&["resume", "queue-master-1"]).status.success());
    support::eventually("shipping is back", || {
        let now = shop.instance("shipping-1");
        now.restarts == 1 && now.state == "serving"
    });
    eventually_async("it is shipped", async || state().await == State::Shipped).await;
}

#[tokio::test]
async fn check_06_the_placeholders_of_the_original_answer() {
    let all = shipping().get("/shipping").await.expect(200);
    assert_eq!(all.text(), "GET ALL Shipping Resource.");
    let one = shipping().get("/shipping/abc").await.expect(200);
    assert_eq!(one.text(), "GET Shipping Resource with id: abc");
    assert!(one.media_type().starts_with("text/plain"));
}

#[tokio::test]
async fn check_07_requests_are_counted_under_the_old_name() {
    shipping().post("/shipping", &json!({})).await.expect(201);
    let metrics = shipping().get("/metrics").await.expect(200);
    assert!(metrics.media_type().starts_with("text/plain"));
    let metrics = metrics.text();
    for (name, label) in [
        ("request_duration_seconds_count{", r#"route="/shipping""#),
        (
            "http_request_duration_seconds_count{",
            r#"path="/shipping""#,
        ),
    ] {
        let counted = metrics.lines().any(|line| {
            line.starts_with(name)
                && [label, r#"method="POST""#, r#"status_code="201""#]
                    .iter()
                    .all(|label| line.contains(label))
        });
        assert!(counted, "{name} {label}: {metrics}");
    }
}

#[tokio::test]
async fn the_health_names_the_queue_before_the_service() {
    let answer = shipping().get("/health").await;
    answer.assert_healthy(&["shipping-rabbitmq", "shipping"], "date");
}
