//! The users as their clients see them, over REST and gRPC.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod accounts;
mod addresses;
mod cards;
mod contract;
mod limits;
mod parity;
mod refusals;
mod repeats;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64ct::{Base64, Encoding};
use chassis::testing::{Answer, call, database_url, described, send};
use proto::user::CreateCardRequest;
use serde_json::{Value, json};
use user::Store;

/// Customers the first Sock Shop came with.
const EVE: &str = "57a98d98e4b00679b4a830af";
const USER: &str = "57a98d98e4b00679b4a830b2";

/// An id nobody has.
const NOBODY: &str = "0123456789abcdef01234567";

async fn store() -> Store {
    Store::open(&database_url().await).await.unwrap()
}

async fn app() -> Router {
    described(user::app(store().await, "user")).await
}

async fn login(app: &Router, username: &str, password: &str) -> Answer {
    let encoded = Base64::encode_string(format!("{username}:{password}").as_bytes());
    let request = Request::get("/login").header("authorization", format!("Basic {encoded}"));
    send(app, request.body(Body::empty()).unwrap()).await
}

/// Sends a body that must be accepted and returns the id in the answer.
async fn made(app: &Router, path: &str, body: Value) -> String {
    let answer = call(app, "POST", path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({"id": id}));
    assert!(chassis::ids::is_id(&id));
    id
}

async fn register(app: &Router, username: &str) -> String {
    made(
        app,
        "/register",
        json!({"username": username, "password": "secret"}),
    )
    .await
}

/// Sends a request that must fail with `status`, in the Go services' words.
async fn refused(app: &Router, method: &str, path: &str, body: Value, status: u16) -> String {
    let answer = call(app, method, path, body).await;
    let error = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{method} {path}: {error}");
    assert_eq!(error["status_code"], status);
    assert_eq!(
        error["status_text"],
        answer.status.canonical_reason().unwrap()
    );
    error["error"].as_str().unwrap().to_owned()
}

/// Lists `path` and returns what is embedded as `rel`.
async fn list(app: &Router, path: &str, rel: &str) -> Vec<Value> {
    let answer = call(app, "GET", path, Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let list = answer.json()["_embedded"][rel].as_array().unwrap().clone();
    assert_eq!(answer.json(), json!({"_embedded": {rel: list}}));
    list
}

/// A card to add over gRPC.
fn card(customer_id: &str, number: &str) -> CreateCardRequest {
    CreateCardRequest {
        customer_id: customer_id.into(),
        number: number.into(),
        expires: "11/29".into(),
        security_code: "123".into(),
    }
}
