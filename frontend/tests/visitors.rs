//! Visitors and their sessions, on `SQLite`, on the database in
//! `TEST_DATABASE_URL` and on the Redis in `TEST_REDIS_URL`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use chassis::testing::{Answer, database_url, send};
use chassis::{Client, Result};
use frontend::session::Store;
use frontend::visitor::Kind;
use frontend::{AppState, Key, Release, Services, Visitor};
use proto::user::Customer;

/// A shop whose services are all away: nobody listens on port 1.
fn lonely_shop() -> AppState {
    let client = |name| Client::at(name, "http://127.0.0.1:1").unwrap();
    let services = Services {
        catalogue: client("catalogue"),
        carts: client("carts"),
        orders: client("orders"),
        user: client("user"),
    };
    let release = Release {
        version: "v1".into(),
        instance: "here".into(),
        theme: None,
    };
    AppState::new(services, release, Key::random())
}

/// Routes that do with a visitor what pages and the JSON face do.
fn app(store: &Store) -> Router {
    let shop = lonely_shop();
    let sessions = store.clone().layer(&shop.key);
    Router::new()
        .route(
            "/owner",
            get(async |visitor: Visitor| visitor.owner().to_owned()),
        )
        .route("/token", get(async |visitor: Visitor| visitor.csrf))
        .route("/form", post(form))
        .route("/sign-in", post(sign_in))
        .route(
            "/sign-out",
            post(async |State(shop): State<AppState>, visitor: Visitor| {
                visitor.sign_out(&shop).await
            }),
        )
        .route("/flash", get(take_flash).post(flash))
        .layer(sessions)
        .with_state(shop)
}

async fn form(
    State(shop): State<AppState>,
    visitor: Visitor,
    Query(fields): Query<BTreeMap<String, String>>,
) -> Result<()> {
    visitor.verify(&shop, &fields["csrf"])
}

async fn sign_in(State(shop): State<AppState>, visitor: Visitor) -> Result<()> {
    let customer = Customer {
        id: "57a98d98e4b00679b4a830b2".into(),
        username: "user".into(),
        ..Customer::default()
    };
    visitor.sign_in(&shop, &customer).await
}

async fn flash(State(shop): State<AppState>, visitor: Visitor) {
    visitor.flash(&shop, Kind::Done, "Socks are in the basket");
}

async fn take_flash(State(shop): State<AppState>, visitor: Visitor) -> String {
    visitor
        .take_flash(&shop)
        .map(|flash| flash.text)
        .unwrap_or_default()
}

/// A browser: it keeps cookies and sends them back.
#[derive(Clone, Default)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    async fn send(&mut self, app: &Router, method: &str, path: &str) -> Answer {
        let cookies: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder().method(method).uri(path);
        let request = request.header("cookie", cookies.join("; "));
        let answer = send(app, request.body(Body::empty()).unwrap()).await;
        for line in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, app: &Router, path: &str) -> String {
        self.send(app, "GET", path).await.text()
    }
}

/// The cookie called `name` as an answer sets it, attributes and all.
fn set_cookie<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let lines = answer.headers.get_all("set-cookie").iter();
    let mut lines = lines.map(|line| line.to_str().unwrap());
    lines.find(|line| line.starts_with(&format!("{name}=")))
}

async fn sql() -> Store {
    Store::open(&database_url().await).await.unwrap()
}

/// Every store there is to test on.
async fn stores() -> Vec<Store> {
    let mut stores = vec![sql().await];
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        stores.push(Store::open(&url).await.unwrap());
    }
    stores
}

const CUSTOMER: &str = "57a98d98e4b00679b4a830b2";

async fn rows(store: &Store) -> i64 {
    let Store::Sql(database) = store else {
        panic!("rows are counted in SQL only");
    };
    let count = sqlx::query_scalar("SELECT count(*) FROM session");
    count.fetch_one(database.reads()).await.unwrap()
}

#[tokio::test]
async fn a_new_visitor_gets_a_cookie_once_and_no_script_can_read_it() {
    let app = app(&sql().await);
    let mut browser = Browser::default();
    let first = browser.send(&app, "GET", "/owner").await;
    let cookie = set_cookie(&first, "md.sid").unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"));

    let second = browser.send(&app, "GET", "/owner").await;
    assert_eq!(set_cookie(&second, "md.sid"), None);
    assert_eq!(first.text(), second.text());
}

#[tokio::test]
async fn a_guest_is_not_stored() {
    let store = sql().await;
    let app = app(&store);
    let mut browser = Browser::default();
    browser.get(&app, "/owner").await;
    browser.get(&app, "/owner").await;
    assert_eq!(rows(&store).await, 0);
}

#[tokio::test]
async fn a_cookie_we_did_not_sign_names_nobody() {
    let app = app(&sql().await);
    let mut browser = Browser::default();
    let owner = browser.get(&app, "/owner").await;
    let mut forger = Browser::default();
    forger.0.insert("md.sid".into(), owner.clone());
    assert_ne!(forger.get(&app, "/owner").await, owner);
}

#[tokio::test]
async fn signing_in_changes_the_session_and_says_so_to_scripts() {
    for store in stores().await {
        let app = app(&store);
        let mut browser = Browser::default();
        let guest = browser.get(&app, "/owner").await;
        let mut left_behind = browser.clone();

        let answer = browser.send(&app, "POST", "/sign-in").await;
        let marker = set_cookie(&answer, "logged_in").unwrap();
        assert!(marker.contains("Max-Age=3600") && !marker.contains("HttpOnly"));
        assert!(set_cookie(&answer, "md.sid").is_some());
        assert_eq!(browser.get(&app, "/owner").await, CUSTOMER);

        left_behind.0.insert("logged_in".into(), "yes".into());
        assert_eq!(left_behind.get(&app, "/owner").await, guest);
    }
}

#[tokio::test]
async fn without_the_marker_a_customer_is_a_guest_and_with_it_alone_too() {
    let app = app(&sql().await);
    let mut browser = Browser::default();
    browser.send(&app, "POST", "/sign-in").await;
    browser.0.remove("logged_in");
    assert_ne!(browser.get(&app, "/owner").await, CUSTOMER);

    let mut pretender = Browser::default();
    pretender.0.insert("logged_in".into(), CUSTOMER.into());
    assert_ne!(pretender.get(&app, "/owner").await, CUSTOMER);
}

#[tokio::test]
async fn signing_out_ends_the_session_for_every_copy_of_the_cookie() {
    for store in stores().await {
        let app = app(&store);
        let mut browser = Browser::default();
        browser.send(&app, "POST", "/sign-in").await;
        let mut copy = browser.clone();
        browser.send(&app, "POST", "/sign-out").await;
        assert_eq!(browser.0.keys().count(), 0, "{:?}", browser.0);
        assert_ne!(copy.get(&app, "/owner").await, CUSTOMER);
    }
}

#[tokio::test]
async fn a_second_sign_in_leaves_one_session() {
    let store = sql().await;
    let app = app(&store);
    let mut browser = Browser::default();
    browser.send(&app, "POST", "/sign-in").await;
    browser.send(&app, "POST", "/sign-in").await;
    assert_eq!(rows(&store).await, 1);
    assert_eq!(browser.get(&app, "/owner").await, CUSTOMER);
}

/// Makes every sign-in look `minutes` older than it is.
async fn age(store: &Store, minutes: i64) {
    let Store::Sql(database) = store else {
        panic!("rows are changed in SQL only");
    };
    let data = sqlx::query_scalar("SELECT data FROM session");
    let data: String = data.fetch_one(database.reads()).await.unwrap();
    let mut data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let seen = data["customer"]["seen_at_ms"].as_i64().unwrap();
    data["customer"]["seen_at_ms"] = (seen - minutes * 60_000).into();
    let mut change = database.begin_write().await.unwrap();
    sqlx::query("UPDATE session SET data = $1")
        .bind(data.to_string())
        .execute(&mut *change)
        .await
        .unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn a_visit_prolongs_a_sign_in_and_its_marker() {
    let store = sql().await;
    let app = app(&store);
    let mut browser = Browser::default();
    browser.send(&app, "POST", "/sign-in").await;
    let soon = browser.send(&app, "GET", "/owner").await;
    assert_eq!(set_cookie(&soon, "logged_in"), None);

    age(&store, 10).await;
    let later = browser.send(&app, "GET", "/owner").await;
    assert_eq!(later.text(), CUSTOMER);
    assert!(set_cookie(&later, "logged_in").is_some());
    let again = browser.send(&app, "GET", "/owner").await;
    assert_eq!(set_cookie(&again, "logged_in"), None);
}

#[tokio::test]
async fn an_expired_session_is_deleted() {
    let store = sql().await;
    let app = app(&store);
    let mut browser = Browser::default();
    browser.send(&app, "POST", "/sign-in").await;
    let now = chassis::clock::now_ms();
    assert_eq!(store.delete_expired(now).await.unwrap(), 0);
    assert_eq!(store.delete_expired(now + 3_700_000).await.unwrap(), 1);
    assert_ne!(browser.get(&app, "/owner").await, CUSTOMER);
}

#[tokio::test]
async fn a_form_is_accepted_from_the_visitor_it_was_made_for() {
    let app = app(&sql().await);
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let token = one.get(&app, "/token").await;
    other.get(&app, "/token").await;
    let path = format!("/form?csrf={token}");
    assert_eq!(one.send(&app, "POST", &path).await.status, StatusCode::OK);
    let refused = other.send(&app, "POST", &path).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let refused = one.send(&app, "POST", "/form?csrf=").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_message_is_told_once() {
    let app = app(&sql().await);
    let mut browser = Browser::default();
    browser.send(&app, "POST", "/flash").await;
    assert_eq!(browser.get(&app, "/flash").await, "Socks are in the basket");
    assert_eq!(browser.get(&app, "/flash").await, "");
}

#[tokio::test]
async fn every_store_says_whether_it_answers() {
    for store in stores().await {
        assert!(store.ping().await.is_ok(), "{store:?}");
    }
    let away = Store::open("redis://127.0.0.1:1").await.unwrap();
    assert!(away.ping().await.is_err());
    assert!(Store::open("mongodb://127.0.0.1").await.is_err());
}
