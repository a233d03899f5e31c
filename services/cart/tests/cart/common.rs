//! Fixtures that run a test over every store.

use std::time::Duration;

use axum::Router;
use cart::Store;
use chassis::ids::new_id;
use chassis::testing::{Answer, call, database_url, described};
use serde_json::{Value, json};

/// Fresh stores of every available kind: `SQLite`, `PostgreSQL` when
/// `TEST_DATABASE_URL` is set, Redis when `TEST_REDIS_URL` is.
pub(crate) async fn stores() -> Vec<(&'static str, Store)> {
    let mut stores = vec![("SQLite", open("sqlite::memory:").await)];
    if std::env::var("TEST_DATABASE_URL").is_ok() {
        stores.push(("PostgreSQL", open(&database_url().await).await));
    }
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        stores.push(("Redis", open(&url).await));
    }
    stores
}

/// Time to live of guest carts in the tests.
pub(crate) const GUEST_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Opens a store that is isolated from other tests.
pub(crate) async fn open(url: &str) -> Store {
    Store::open(url, &format!("test-{}:", new_id()), GUEST_TTL)
        .await
        .unwrap()
}

/// Runs `test` against the service over each store.
pub(crate) async fn on_every_store(test: impl AsyncFn(Router)) {
    for (kind, store) in stores().await {
        eprintln!("on {kind}");
        test(described(cart::app(store)).await).await;
    }
}

/// Posts an item to a cart.
pub(crate) async fn post(app: &Router, customer: &str, item: Value) -> Answer {
    call(app, "POST", &format!("/carts/{customer}/items"), item).await
}

/// The items of a cart as `[[itemId, quantity, unitPrice], ..]`.
pub(crate) async fn items(app: &Router, customer: &str) -> Value {
    let answer = call(app, "GET", &format!("/carts/{customer}/items"), Value::Null).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let items = json.as_array().unwrap().iter();
    items
        .map(|item| json!([item["itemId"], item["quantity"], item["unitPrice"]]))
        .collect()
}
