//! Shipping as its clients see it, over REST and gRPC.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::testing::{Answer, call, database_url, get, send};
use proto::shipping as pb;
use proto::shipping::State;
use proto::shipping::shipping_client::ShippingClient;
use serde_json::{Value, json};
use shipping::Store;
use tonic::Code;

async fn app() -> Router {
    let store = Store::open(&database_url().await).await.unwrap();
    shipping::app(store, Duration::from_secs(30))
}

fn client(app: &Router) -> ShippingClient<Router> {
    ShippingClient::new(app.clone())
}

async fn post(app: &Router, body: &str, media_type: &str) -> Answer {
    let request = Request::post("/shipping").header("content-type", media_type);
    send(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn create(app: &Router, id: &str, order_id: &str, name: &str) -> Result<pb::Shipment, Code> {
    let request = pb::CreateShipmentRequest {
        id: id.into(),
        order_id: order_id.into(),
        name: name.into(),
    };
    let answer = client(app).create_shipment(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

async fn shipment(app: &Router, id: &str) -> Result<pb::Shipment, Code> {
    let request = pb::GetShipmentRequest { id: id.into() };
    let answer = client(app).get_shipment(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

async fn lease(app: &Router, worker: &str, max: u32) -> Vec<pb::Lease> {
    let request = pb::LeaseShipmentsRequest {
        worker: worker.into(),
        max,
    };
    let answer = client(app).lease_shipments(request).await;
    answer.unwrap().into_inner().leases
}

async fn list(
    app: &Router,
    state: State,
    page_size: u32,
    token: &str,
) -> pb::ListShipmentsResponse {
    let request = pb::ListShipmentsRequest {
        page_size,
        page_token: token.into(),
        state: state.into(),
    };
    client(app)
        .list_shipments(request)
        .await
        .unwrap()
        .into_inner()
}

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
async fn an_order_has_one_shipment() {
    let app = app().await;
    let first = create(&app, "", "order-1", "ann").await.unwrap();
    assert!(uuid::Uuid::parse_str(&first.id).is_ok());
    assert_eq!(create(&app, "", "order-1", "ann").await, Ok(first.clone()));
    assert_eq!(
        create(&app, &first.id, "order-1", "ann").await,
        Ok(first.clone())
    );
    assert_eq!(
        create(&app, &first.id, "order-2", "bob").await,
        Err(Code::AlreadyExists)
    );

    let second = create(&app, "", "order-2", "bob").await.unwrap();
    let request = pb::GetShipmentsOfOrdersRequest {
        order_ids: vec!["order-1".into(), "order-2".into(), "order-3".into()],
    };
    let answer = client(&app).get_shipments_of_orders(request).await;
    let mut found = answer.unwrap().into_inner().shipments;
    found.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    assert_eq!(found, [first, second]);
}

#[tokio::test]
async fn orders_are_asked_for_by_the_200() {
    let app = app().await;
    let ask = async |count| {
        let order_ids = (0..count).map(|n: u32| format!("order-{n}")).collect();
        let request = pb::GetShipmentsOfOrdersRequest { order_ids };
        let answer = client(&app).get_shipments_of_orders(request).await;
        answer.map(|answer| answer.into_inner().shipments.len())
    };
    create(&app, "", "order-199", "ann").await.unwrap();
    assert_eq!(ask(0).await.unwrap(), 0);
    assert_eq!(ask(200).await.unwrap(), 1);
    assert_eq!(ask(201).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn many_callers_at_once_make_one_shipment() {
    let app = app().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { create(&app, "", "busy", "ann").await.unwrap().id })
        })
        .collect();
    let mut ids = Vec::new();
    for call in calls {
        ids.push(call.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_worker_takes_packs_and_completes() {
    let app = app().await;
    create(&app, "s", "order-1", "ann").await.unwrap();
    let leases = lease(&app, "worker", 10).await;
    let [
        pb::Lease {
            token,
            shipment: Some(leased),
            expires_at_ms,
        },
    ] = &*leases
    else {
        panic!("{leases:?}");
    };
    assert_eq!((leased.state(), leased.attempts), (State::Leased, 1));
    assert_eq!(*expires_at_ms - leased.created_at_ms >= 30_000, true);
    assert_eq!(lease(&app, "other", 10).await, []);

    let step = pb::PackShipmentRequest {
        id: "s".into(),
        token: token.clone(),
    };
    let packed = client(&app).pack_shipment(step).await.unwrap().into_inner();
    assert!(packed.state() == State::Packed && packed.packed_at_ms > 0);
    let step = pb::CompleteShipmentRequest {
        id: "s".into(),
        token: token.clone(),
    };
    let shipped = client(&app)
        .complete_shipment(step.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(shipped.state() == State::Shipped && shipped.shipped_at_ms > 0);
    let again = client(&app)
        .complete_shipment(step)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, shipped);
    assert_eq!(shipment(&app, "s").await, Ok(shipped));
}

#[tokio::test]
async fn strangers_to_a_lease_are_refused() {
    let app = app().await;
    create(&app, "s", "", "ann").await.unwrap();
    lease(&app, "worker", 1).await;
    let (id, token) = (String::from("s"), String::from("guessed"));
    let pack = pb::PackShipmentRequest {
        id: id.clone(),
        token: token.clone(),
    };
    let complete = pb::CompleteShipmentRequest {
        id: id.clone(),
        token: token.clone(),
    };
    let fail = pb::FailShipmentRequest {
        id,
        token,
        reason: "why".into(),
    };
    let mut client = client(&app);
    let codes = [
        client.pack_shipment(pack).await.unwrap_err().code(),
        client.complete_shipment(complete).await.unwrap_err().code(),
        client.fail_shipment(fail).await.unwrap_err().code(),
    ];
    assert_eq!(codes, [Code::FailedPrecondition; 3]);
    let nobody = pb::LeaseShipmentsRequest {
        worker: String::new(),
        max: 1,
    };
    let refused = client.lease_shipments(nobody).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_queue_tells_how_much_waits() {
    let app = app().await;
    let queue = async || {
        client(&app)
            .get_queue(pb::GetQueueRequest {})
            .await
            .unwrap()
            .into_inner()
    };
    assert_eq!(queue().await, pb::Queue::default());
    for id in ["a", "b"] {
        create(&app, id, "", "ann").await.unwrap();
    }
    let leased = lease(&app, "worker", 1).await;
    assert_eq!(queue().await.depth, 2);
    let step = pb::CompleteShipmentRequest {
        id: "a".into(),
        token: leased[0].token.clone(),
    };
    client(&app).complete_shipment(step).await.unwrap();
    assert_eq!(queue().await.depth, 1);
}

#[tokio::test]
async fn lists_are_paged_and_can_be_narrowed_to_a_state() {
    let app = app().await;
    for number in 0..5 {
        create(&app, &format!("s-{number}"), "", "ann")
            .await
            .unwrap();
    }
    lease(&app, "worker", 2).await;
    let ids = async |state, size| {
        let (mut token, mut pages) = (String::new(), vec![]);
        loop {
            let page = list(&app, state, size, &token).await;
            pages.push(
                page.shipments
                    .into_iter()
                    .map(|one| one.id)
                    .collect::<Vec<_>>(),
            );
            token = page.next_page_token;
            if token.is_empty() {
                return pages;
            }
        }
    };
    assert_eq!(
        ids(State::Unspecified, 2).await,
        [vec!["s-0", "s-1"], vec!["s-2", "s-3"], vec!["s-4"]]
    );
    assert_eq!(ids(State::Waiting, 3).await, [["s-2", "s-3", "s-4"]]);
    assert_eq!(ids(State::Leased, 0).await, [["s-0", "s-1"]]);
    assert_eq!(ids(State::Stuck, 0).await, [Vec::<String>::new()]);
}
