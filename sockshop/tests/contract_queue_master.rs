//! The compat checks of the contract's page "queue-master".
//!
//! There is no `RabbitMQ` here: the queue is shipping's own store, and
//! shipping is the broker.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::HashMap;

use proto::shipping::GetQueueRequest;
use proto::shipping::shipping_client::ShippingClient;
use serde_json::{Value, json};
use support::api::Api;
use support::served::Served;
use support::shared::{self, shop};
use support::{Shop, eventually, eventually_async, grpc};

/// How often the worker of `shop` logged each name as shipped.
fn shipped(shop: &Shop) -> HashMap<String, usize> {
    let log = shop.data().join("logs/queue-master-1.log");
    let log = std::fs::read_to_string(log).unwrap();
    let mut names = HashMap::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        if line["message"] == "shipped" {
            let name = line["name"].as_str().unwrap().to_owned();
            *names.entry(name).or_default() += 1;
        }
    }
    names
}

/// How much waits in the queue of the shipping service at `url`.
async fn depth(url: &str) -> u64 {
    let mut queue = ShippingClient::new(grpc(url));
    let queue = queue.get_queue(GetQueueRequest {}).await.unwrap();
    queue.into_inner().depth
}

#[tokio::test]
async fn check_01_the_health_names_the_service_and_its_queue() {
    let entries = ["queue-master", "queue-master-rabbitmq"];
    let answer = Api::of("queue-master").get("/health").await;
    answer.assert_healthy(&entries, "date");

    let alone = Served::start("queue-master", &[("SHIPPING_URL", "http://127.0.0.1:1")]);
    let health = Api::at(&alone.url).get("/health").await.health("date");
    assert_eq!(health, ["queue-master OK", "queue-master-rabbitmq err"]);
}

#[tokio::test]
async fn check_02_a_hundred_messages_leave_an_empty_queue_and_a_line_for_each() {
    let shipping = Api::of("shipping");
    let names: Vec<String> = (0..100).map(|number| format!("hundred-{number}")).collect();
    for name in &names {
        shipping
            .post("/shipping", &json!({"name": name}))
            .await
            .expect(201);
    }
    let url = shared::url("shipping");
    eventually_async("the queue is empty", async || depth(&url).await == 0).await;
    eventually("each is logged", || {
        let shipped = shipped(shop());
        names.iter().all(|name| shipped.contains_key(name))
    });
    let shipped = shipped(shop());
    assert!(names.iter().all(|name| shipped[name] == 1), "{shipped:?}");
}

#[tokio::test]
async fn check_03_garbage_between_two_messages_harms_neither() {
    let shipping = Api::of("shipping");
    shipping
        .post("/shipping", &json!({"name": "before"}))
        .await
        .expect(201);
    for garbage in ["{", "garbage", r#"{"id":{},"name":"garbage"}"#] {
        let refused = shipping
            .post_raw("/shipping", "application/json", garbage)
            .await;
        refused.expect(400);
    }
    shipping
        .post("/shipping", &json!({"name": "after"}))
        .await
        .expect(201);
    eventually("both are shipped", || {
        let shipped = shipped(shop());
        ["before", "after"]
            .iter()
            .all(|name| shipped.get(*name) == Some(&1))
    });
    assert!(!shipped(shop()).contains_key("garbage"));
}

#[tokio::test]
async fn check_04_work_goes_on_when_the_queue_is_back() {
    let shop = Shop::open();
    assert!(shop.run(&["kill", "shipping-1"]).status.success());
    eventually("shipping is back", || {
        let now = shop.instance("shipping-1");
        now.restarts == 1 && now.state == "serving"
    });
    let shipping = Api::at(&shop.service("shipping"));
    shipping
        .post("/shipping", &json!({"name": "resumed"}))
        .await
        .expect(201);
    eventually("it is shipped", || shipped(&shop).contains_key("resumed"));
    assert_eq!(shop.instance("queue-master-1").restarts, 0);
}

#[tokio::test]
async fn check_05_the_metrics_are_on_both_paths() {
    let worker = Api::of("queue-master");
    worker.get("/health").await.expect(200);
    for path in ["/prometheus", "/metrics"] {
        let answer = worker.get(path).await.expect(200);
        assert!(answer.media_type().starts_with("text/plain; version=0.0.4"));
        let text = answer.text();
        assert!(
            text.contains("# TYPE http_request_duration_seconds histogram"),
            "{text}"
        );
        let health = r#"path="/health""#;
        assert!(text.lines().any(|line| line.contains(health)), "{text}");
    }
}
