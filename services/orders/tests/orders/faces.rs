//! The two faces: the original's wire to the letter, and the shop's own API
//! telling the same.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::testing::{call, get, send};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Process, SOCK, hrefs, refusal};

fn is_date(date: &Value) -> bool {
    let shape: String = date
        .as_str()
        .unwrap()
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000+0000"
}

#[tokio::test]
async fn a_posted_order_has_ids_where_the_original_had_them() {
    let (_neighbours, process) = Process::alone().await;
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    let mut order = answer.json();
    assert!(chassis::ids::is_id(order["id"].take().as_str().unwrap()));
    assert!(is_date(&order["date"].take()));
    assert!(uuid::Uuid::parse_str(order["shipment"]["id"].take().as_str().unwrap()).is_ok());
    let expected = json!({
        "id": null, "customerId": CUSTOMER,
        "customer": {"id": null, "firstName": "User", "lastName": "Name", "username": "user", "addresses": [], "cards": []},
        "address": {"id": null, "number": "246", "street": "Whitelees Road", "city": "Glasgow", "postcode": "G67 3DL", "country": "United Kingdom"},
        "card": {"id": null, "longNum": "************5918", "expires": "08/19", "ccv": "***"},
        "items": [{"id": "65f1c0de4b2a9d0007a1b2c3", "itemId": SOCK, "quantity": 3, "unitPrice": 18}],
        "shipment": {"id": null, "name": CUSTOMER}, "date": null, "total": 58.99,
    });
    assert_eq!(order, expected);
}

#[tokio::test]
async fn a_read_order_has_links_and_no_ids_at_all() {
    let (_neighbours, process) = Process::alone().await;
    let id = process.post(hrefs()).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = Request::get(format!("/orders/{id}")).header("host", "orders:8080");
    let answer = send(&process.app, request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "application/hal+json;charset=UTF-8"
    );
    assert!(!answer.text().contains("\"id\""), "{}", answer.text());
    let href = format!("http://orders:8080/orders/{id}");
    let order = answer.json();
    assert_eq!(
        order["_links"],
        json!({"self": {"href": href}, "order": {"href": href}})
    );
    assert_eq!(
        (&order["total"], &order["card"]["ccv"]),
        (&json!(58.99), &json!("***"))
    );

    let missing = call(
        &process.app,
        "GET",
        "/orders/57a98d98e4b00679b4a830b9",
        Value::Null,
    )
    .await;
    assert_eq!(
        (missing.status, missing.text()),
        (StatusCode::NOT_FOUND, String::new())
    );
}

#[tokio::test]
async fn the_cart_is_left_alone() {
    let (neighbours, process) = Process::alone().await;
    process.post(hrefs()).await;
    process.relay().await;
    assert_eq!(neighbours.facts().shipments.len(), 1);
    assert_eq!(neighbours.facts().carts[CUSTOMER].len(), 1);
}

#[tokio::test]
async fn a_caller_that_wants_hal_gets_it() {
    let (_neighbours, process) = Process::alone().await;
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/hal+json"),
    ];
    let answer = process.post_with(&headers, &hrefs().to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        answer.header("content-type"),
        "application/hal+json;charset=UTF-8"
    );
    assert!(answer.json().get("_links").is_none());
}

#[tokio::test]
async fn an_idempotency_key_is_honoured() {
    let (neighbours, process) = Process::alone().await;
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k1"),
    ];
    let first = process.post_with(&headers, &hrefs().to_string()).await;
    let second = process.post_with(&headers, &hrefs().to_string()).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.json(), second.json());
    assert_eq!(neighbours.facts().authorisations.len(), 1);
    let endless = "k".repeat(201);
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", &*endless),
    ];
    let answer = process.post_with(&headers, &hrefs().to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn health_names_the_service_and_its_database() {
    let (_neighbours, process) = Process::alone().await;
    let (status, health) = get(&process.app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    for (entry, name) in health["health"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["orders", "orders-db"])
    {
        assert_eq!(
            (&entry["service"], &entry["status"]),
            (&json!(name), &json!("OK"))
        );
        assert!(entry["date"].is_string());
    }
}

#[tokio::test]
async fn the_api_describes_itself() {
    let (_neighbours, process) = Process::alone().await;
    let (_, api) = get(&process.app, "/openapi.json").await;
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/orders",
            "/orders/search",
            "/orders/search/customerId",
            "/orders/{id}"
        ]
    );
    assert!(
        api["paths"]["/orders"]["post"]["responses"]
            .get("406")
            .is_some()
    );
    assert!(api["components"]["schemas"]["CustomerOrder"]["properties"]["_links"].is_object());
}

#[tokio::test]
async fn both_faces_tell_the_same_of_an_order() {
    let (_neighbours, process) = Process::alone().await;
    let posted = process.post(hrefs()).await.json();
    let order = process.get(posted["id"].as_str().unwrap()).await;
    assert_eq!(posted["customerId"], order.customer_id);
    assert_eq!(posted["shipment"]["id"], order.shipment_id);
    assert_eq!(
        posted["card"]["longNum"],
        order.card.as_ref().unwrap().masked_number
    );
    assert_eq!(
        posted["address"]["postcode"],
        order.address.as_ref().unwrap().postcode
    );
    assert_eq!(posted["items"][0]["itemId"], order.items[0].product_id);
    assert_eq!(posted["total"], json!(58.99));
    assert_eq!(order.total_cents, 5899);

    let placed = process.place("k").await.unwrap();
    let (_, read) = get(&process.app, &format!("/orders/{}", placed.id)).await;
    assert_eq!(
        (&read["customerId"], &read["total"]),
        (&json!(placed.customer_id), &json!(58.99))
    );
}

#[tokio::test]
async fn both_faces_refuse_the_same() {
    let (neighbours, process) = Process::alone().await;
    neighbours.facts().carts.clear();
    let message = process.post(hrefs()).await.json()["message"].clone();
    assert_eq!(message, refusal(process.place("k").await).1);
}

/// `SQLite` looks for it and finds nothing, PostgreSQL refuses it.
#[tokio::test]
async fn a_nul_in_a_name_is_never_our_fault() {
    let (_neighbours, process) = Process::alone().await;
    for path in ["/orders/%00", "/orders/search/customerId?custId=%00"] {
        let answer = call(&process.app, "GET", path, Value::Null).await;
        assert!(!answer.status.is_server_error(), "{path} {}", answer.text());
    }
}
