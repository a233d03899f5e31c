//! Integration tests of payment over REST and gRPC.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::testing::{Answer, call, database_url, described, get, send};
use payment::Store;
use proto::payment as pb;
use proto::payment::payment_client::PaymentClient;
use serde_json::{Value, json};
use tonic::Code;

const LIMIT_CENTS: i64 = 10_500;

async fn app() -> Router {
    described(payment::app(
        Store::open(&database_url().await).await.unwrap(),
        LIMIT_CENTS,
    ))
    .await
}

async fn post(app: &Router, body: &str) -> Answer {
    let request = Request::post("/paymentAuth").body(Body::from(body.to_owned()));
    send(app, request.unwrap()).await
}

async fn authorise(
    app: &Router,
    order_id: &str,
    amount_cents: i64,
) -> Result<pb::Authorisation, Code> {
    let request = pb::AuthoriseRequest {
        order_id: order_id.into(),
        amount_cents,
    };
    let answer = PaymentClient::new(app.clone()).authorise(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

async fn void(app: &Router, order_id: &str) -> pb::Authorisation {
    let request = pb::VoidRequest {
        order_id: order_id.into(),
    };
    let answer = PaymentClient::new(app.clone()).void(request).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn amounts_are_judged_by_the_limit() {
    let app = app().await;
    let yes = json!({"authorised": true, "message": "Payment authorised"});
    let no = json!({"authorised": false, "message": "Payment declined: amount exceeds 105.00"});
    for (body, expected) in [
        (r#"{"amount":10}"#, &yes),
        (r#"{"amount":104.98}"#, &yes),
        (r#"{"amount":105}"#, &yes),
        (r#"{"Amount":40}"#, &yes),
        (r#"{"amount":105.01}"#, &no),
        (
            r#"{"amount":10,"address":{"id":null},"card":{"id":null},"customer":{"id":null}}"#,
            &yes,
        ),
    ] {
        let answer = post(&app, body).await;
        assert_eq!(
            (answer.status, &answer.json()),
            (StatusCode::OK, expected),
            "{body}"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
        assert!(answer.text().ends_with('\n'));
    }
}

#[tokio::test]
async fn a_body_without_an_amount_is_refused_without_repeating_it() {
    let app = app().await;
    for body in [
        "{}",
        "{",
        "",
        "null",
        "[10]",
        r#"{"amount":null}"#,
        r#"{"amount":0}"#,
        r#"{"amount":"4111111111111111"}"#,
        r#"{"amount":1e300}"#,
        r#"{"card":{"longNum":"4111111111111111"}}"#,
    ] {
        let answer = post(&app, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = answer.json();
        assert_eq!(
            (&error["status_code"], &error["status_text"]),
            (&json!(400), &json!("Bad Request"))
        );
        let text = error["error"].as_str().unwrap();
        assert!(!text.is_empty() && !text.contains("4111"), "{text}");
    }
}

#[tokio::test]
async fn a_negative_amount_is_invalid_in_both_protocols() {
    let app = app().await;
    let answer = post(&app, r#"{"amount":-1}"#).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"], "Invalid payment amount");
    assert_eq!(authorise(&app, "o", -100).await, Err(Code::InvalidArgument));
    assert_eq!(authorise(&app, "o", 0).await, Err(Code::InvalidArgument));
}

#[tokio::test]
async fn both_protocols_give_the_same_answer() {
    let app = app().await;
    for cents in [1, 999, 10_499, 10_500, 10_501, 99_999] {
        let amount = chassis::money::decimal(cents);
        let rest = post(&app, &format!(r#"{{"amount":{amount}}}"#))
            .await
            .json();
        let grpc = authorise(&app, &format!("order-{cents}"), cents)
            .await
            .unwrap();
        assert_eq!(
            rest,
            json!({"authorised": grpc.authorised, "message": grpc.message}),
            "{amount}"
        );
    }
}

#[tokio::test]
async fn an_order_is_answered_once() {
    let app = app().await;
    let first = authorise(&app, "once", 2_299).await.unwrap();
    assert!(first.authorised && !first.voided && first.at_ms > 0);
    assert_eq!((first.amount_cents, &*first.order_id), (2_299, "once"));
    assert_eq!(authorise(&app, "once", 2_299).await, Ok(first.clone()));
    assert_eq!(
        authorise(&app, "once", 2_300).await,
        Err(Code::FailedPrecondition)
    );

    let request = pb::GetAuthorisationRequest {
        order_id: "once".into(),
    };
    let kept = PaymentClient::new(app).get_authorisation(request).await;
    assert_eq!(kept.unwrap().into_inner(), first);
}

#[tokio::test]
async fn a_refusal_outlives_a_raised_limit() {
    let store = Store::open(&database_url().await).await.unwrap();
    let strict = payment::app(store.clone(), 100);
    let first = authorise(&strict, "o", 500).await.unwrap();
    assert!(!first.authorised);
    assert_eq!(first.message, "Payment declined: amount exceeds 1.00");
    let generous = payment::app(store, 10_000);
    assert_eq!(authorise(&generous, "o", 500).await, Ok(first));
}

#[tokio::test]
async fn many_callers_at_once_get_one_authorisation() {
    let app = app().await;
    let calls = (0..20).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { authorise(&app, "busy", 700).await.unwrap().id })
    });
    let mut ids = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        ids.push(call.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(list(&app, 0, "").await.authorisations.len(), 1);
}

#[tokio::test]
async fn money_goes_back_once() {
    let app = app().await;
    authorise(&app, "o", 700).await.unwrap();
    let voided = void(&app, "o").await;
    assert!(voided.authorised && voided.voided);
    assert_eq!(void(&app, "o").await, voided);
    let late = authorise(&app, "o", 700).await.unwrap();
    assert!(!late.authorised && late.voided);
}

#[tokio::test]
async fn an_order_voided_first_is_never_authorised() {
    let app = app().await;
    let tombstone = void(&app, "o").await;
    assert!(tombstone.voided && !tombstone.authorised);
    let late = authorise(&app, "o", 700).await.unwrap();
    assert!(!late.authorised);
    assert_eq!(late.message, "Payment declined: the order was cancelled");
}

#[tokio::test]
async fn orders_without_a_usable_name_are_refused() {
    let app = app().await;
    for id in [String::new(), "x".repeat(65), "\0".into()] {
        assert_eq!(authorise(&app, &id, 700).await, Err(Code::InvalidArgument));
    }
    let request = pb::GetAuthorisationRequest {
        order_id: "missing".into(),
    };
    let missing = PaymentClient::new(app).get_authorisation(request).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
}

async fn list(app: &Router, page_size: u32, token: &str) -> pb::ListAuthorisationsResponse {
    let request = pb::ListAuthorisationsRequest {
        page_size,
        page_token: token.into(),
    };
    let mut client = PaymentClient::new(app.clone());
    let answer = client.list_authorisations(request).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn every_authorisation_is_on_one_page() {
    let app = app().await;
    for number in 0..5 {
        authorise(&app, &format!("order-{number}"), 100)
            .await
            .unwrap();
    }
    let (mut token, mut sizes, mut seen) = (String::new(), vec![], vec![]);
    loop {
        let page = list(&app, 2, &token).await;
        sizes.push(page.authorisations.len());
        seen.extend(page.authorisations.into_iter().map(|one| one.order_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(
        seen,
        ["order-0", "order-1", "order-2", "order-3", "order-4"]
    );
}

#[tokio::test]
async fn other_paths_and_methods_are_not_found() {
    let app = app().await;
    for (method, path) in [("GET", "/paymentAuth"), ("GET", "/"), ("POST", "/health")] {
        let answer = call(&app, method, path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.text(), "404 page not found\n");
    }
}

#[tokio::test]
async fn health_and_the_openapi_document_are_served() {
    let app = app().await;
    let (status, health) = get(&app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(health["health"][0]["service"], "payment");
    assert_eq!(health["health"][0]["status"], "OK");
    let (_, api) = get(&app, "/openapi.json").await;
    assert!(api["paths"]["/paymentAuth"]["post"].is_object());
    assert_eq!(api["info"]["title"], "payment");
}

#[tokio::test]
async fn without_its_store_no_order_is_answered() {
    let store = Store::open("postgres://nobody@127.0.0.1:1/nothing").await;
    let app = payment::app(store.unwrap(), LIMIT_CENTS);
    assert_eq!(authorise(&app, "o", 700).await, Err(Code::Unavailable));
    let answer = post(&app, r#"{"amount":7}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_authorisation_whose_commit_fails_is_not_acknowledged() {
    let file = std::env::temp_dir().join(format!("{}.db", chassis::ids::new_id()));
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let app = payment::app(Store::open(&url).await.unwrap(), LIMIT_CENTS);
    // A deferred foreign key fails where a full disk does: at the commit, after the row was returned.
    let faulty = sqlx::AnyPool::connect(&url).await.unwrap();
    for statement in [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER orphan AFTER INSERT ON authorisation BEGIN INSERT INTO child VALUES (1); END",
    ] {
        sqlx::query(statement).execute(&faulty).await.unwrap();
    }
    assert!(authorise(&app, "order", 1).await.is_err());
    sqlx::query("DROP TRIGGER orphan")
        .execute(&faulty)
        .await
        .unwrap();
    assert!(authorise(&app, "order", 1).await.unwrap().authorised);
    faulty.close().await;
    drop(app);
    std::fs::remove_file(file).unwrap();
}
