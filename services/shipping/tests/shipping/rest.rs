//! Tests of the REST API and of its agreement with gRPC.

use std::time::Duration;

use axum::http::StatusCode;
use chassis::testing::{call, get};
use proto::shipping::State;
use serde_json::{Value, json};
use shipping::Store;
use tonic::Code;

use super::{app, create, list, post, shipment};

#[tokio::test]
async fn a_shipment_comes_back_as_it_was_sent() {
    let app = app().await;
    for (sent, answered) in [
        (
            r#"{"id":"x-1","name":"n"}"#,
            json!({"id": "x-1", "name": "n"}),
        ),
        (
            r#"{"id":"x-1","name":"n"}"#,
            json!({"id": "x-1", "name": "n"}),
        ),
        (
            r#"{"id":"x-2","name":"n","colour":1}"#,
            json!({"id": "x-2", "name": "n"}),
        ),
        (
            r#"{"id":null,"name":null}"#,
            json!({"id": null, "name": null}),
        ),
    ] {
        let answer = post(&app, sent, "application/json; charset=utf-8").await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::CREATED, answered),
            "{sent}"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/json;charset=UTF-8"
        );
    }
    assert_eq!(list(&app, State::Waiting, 0, "").await.shipments.len(), 3);
}

#[tokio::test]
async fn an_empty_object_gets_a_uuid_and_no_name() {
    let answer = post(&app().await, "{}", "application/json").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let shipment = answer.json();
    let id = uuid::Uuid::parse_str(shipment["id"].as_str().unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert_eq!(shipment["name"], "");
}

#[tokio::test]
async fn bad_input_is_refused_in_the_words_of_spring() {
    let app = app().await;
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(201));
    for body in [
        "{",
        "",
        "null",
        "7",
        r#"["x","n"]"#,
        r#"{"id":7}"#,
        r#"{"id":"\u0000"}"#,
        &long,
    ] {
        let answer = post(&app, body, "application/json").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = answer.json();
        assert_eq!(
            (&error["status"], &error["error"]),
            (&json!(400), &json!("Bad Request"))
        );
        assert_eq!(error["path"], "/shipping");
    }
    let answer = post(&app, r#"{"id":"x"}"#, "text/plain").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let answer = call(&app, "DELETE", "/shipping", Value::Null).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for path in ["/", "/env", "/dump", "/browser"] {
        assert_eq!(get(&app, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(list(&app, State::Unspecified, 0, "").await.shipments, []);
}

#[tokio::test]
async fn the_placeholders_of_the_original_answer() {
    let app = app().await;
    let text = async |path| {
        let answer = call(&app, "GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").starts_with("text/plain"));
        answer.text()
    };
    assert_eq!(text("/shipping").await, "GET ALL Shipping Resource.");
    assert_eq!(
        text("/shipping/abc").await,
        "GET Shipping Resource with id: abc"
    );
}

#[tokio::test]
async fn health_and_the_openapi_document_are_served() {
    let app = app().await;
    let (_, health) = get(&app, "/health").await;
    for (place, name) in ["shipping-rabbitmq", "shipping"].into_iter().enumerate() {
        let entry = &health["health"][place];
        assert_eq!(
            (&entry["service"], &entry["status"]),
            (&json!(name), &json!("OK"))
        );
        assert!(entry["date"].as_str().unwrap().ends_with('Z'));
    }
    let (_, api) = get(&app, "/openapi.json").await;
    assert!(api["paths"]["/shipping"]["post"].is_object());
    assert!(api["paths"]["/shipping"]["get"].is_object());
    assert!(api["paths"]["/shipping/{id}"]["get"].is_object());
}

#[tokio::test]
async fn what_rest_takes_in_grpc_shows() {
    let app = app().await;
    post(&app, r#"{"id":"x-1","name":"ann"}"#, "application/json").await;
    let kept = shipment(&app, "x-1").await.unwrap();
    assert_eq!(
        (&*kept.name, kept.state(), &*kept.order_id),
        ("ann", State::Waiting, "")
    );
    let again = create(&app, "x-1", "", "somebody else").await.unwrap();
    assert_eq!(again, kept);
    assert_eq!(shipment(&app, "missing").await, Err(Code::NotFound));
    assert_eq!(
        create(&app, &"x".repeat(201), "", "").await,
        Err(Code::InvalidArgument)
    );
}

#[tokio::test]
async fn without_its_store_shipping_acknowledges_nothing_and_says_so() {
    let store = Store::open("postgres://nobody@127.0.0.1:1/nothing").await;
    let app = shipping::app(store.unwrap(), Duration::from_secs(30));
    let (status, health) = get(&app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(health["health"][0]["status"], "err");
    let answer = post(&app, "{}", "application/json").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["message"], "temporarily unavailable");
    assert_eq!(create(&app, "", "o", "ann").await, Err(Code::Unavailable));
}
