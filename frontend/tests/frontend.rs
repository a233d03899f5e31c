//! The front-end's manners, whatever the services behind it do.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use chassis::Client;
use chassis::testing::{Answer, call, database_url, described, send};
use frontend::session::Store;
use frontend::{AppState, Key, Release, Services};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Nobody listens on port 1.
const AWAY: &str = "http://127.0.0.1:1";

async fn app_with(catalogue: &str) -> Router {
    let client = |name, url| Client::at(name, url).unwrap();
    let services = Services {
        catalogue: client("catalogue", catalogue),
        carts: client("carts", AWAY),
        orders: client("orders", AWAY),
        user: client("user", AWAY),
    };
    let release = Release {
        version: "v1".into(),
        instance: "here".into(),
        theme: None,
    };
    let shop = AppState::new(services, release, Key::random());
    let sessions = Store::open(&database_url().await).await.unwrap();
    described(frontend::app(shop, sessions)).await
}

/// A front-end whose services are all away.
async fn app() -> Router {
    app_with(AWAY).await
}

async fn fetch(app: &Router, method: &str, path: &str) -> Answer {
    call(app, method, path, Value::Null).await
}

async fn with_header(app: &Router, method: &str, path: &str, header: (&str, &str)) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header(header.0, header.1)
        .header("host", "shop.example");
    send(app, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_slash_at_the_end_is_redirected_away() {
    let app = app().await;
    let answer = fetch(&app, "GET", "/index.html/").await;
    assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(answer.header("location"), "/index.html");
    assert_eq!(answer.header("set-cookie"), "");
    let answer = fetch(&app, "DELETE", "/cart/?a=b/").await;
    assert_eq!(answer.header("location"), "/cart/?a=b");
    let answer = fetch(&app, "GET", "//index.html/").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_unknown_path_is_named_and_escaped() {
    let app = app().await;
    let answer = fetch(&app, "GET", "/nowhere").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text().contains("Cannot GET /nowhere"));
    let answer = fetch(&app, "GET", "/a&b").await;
    assert!(answer.text().contains("Cannot GET /a&amp;b"));
}

#[tokio::test]
async fn a_wrong_method_is_not_found_and_options_lists_the_right_ones() {
    let app = app().await;
    for (method, path) in [
        ("GET", "/addresses/1"),
        ("POST", "/customers"),
        ("PUT", "/cart"),
    ] {
        let answer = fetch(&app, method, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(answer.text().contains(&format!("Cannot {method} {path}")));
    }
    let answer = fetch(&app, "OPTIONS", "/cart").await;
    assert_eq!(answer.status, StatusCode::OK);
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        assert!(answer.header("allow").contains(method), "{method}");
    }
}

#[tokio::test]
async fn nothing_of_the_inside_is_public() {
    let app = app().await;
    for path in ["/metrics", "/health", "/faults", "/livez"] {
        let answer = fetch(&app, "GET", path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_strict() {
    let app = app().await;
    for path in ["/nowhere", "/index.html/", "/card", "/cart", "//x/"] {
        let answer = fetch(&app, "GET", path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe-inline"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn other_sites_cannot_make_a_browser_act() {
    let app = app().await;
    let status = async |header| with_header(&app, "POST", "/logout", header).await.status;
    assert_eq!(
        status(("sec-fetch-site", "cross-site")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(("sec-fetch-site", "same-site")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(("origin", "http://evil.example")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(("sec-fetch-site", "same-origin")).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        status(("origin", "http://shop.example")).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(status(("accept", "*/*")).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_service_that_is_away_is_503_and_its_address_is_nobodys_business() {
    let app = app().await;
    for (method, path) in [
        ("GET", "/catalogue"),
        ("GET", "/catalogue/size"),
        ("GET", "/catalogue/1"),
        ("GET", "/catalogue/images/holy_1.jpeg"),
        ("GET", "/tags"),
        ("GET", "/cart"),
        ("DELETE", "/cart"),
        ("DELETE", "/cart/1"),
    ] {
        let answer = fetch(&app, method, path).await;
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{method} {path}"
        );
        let expected = json!({"message": "temporarily unavailable", "error": {}});
        assert_eq!(answer.json(), expected, "{method} {path}");
    }
    let answer = call(&app, "POST", "/cart", json!({"id": "1"})).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = call(
        &app,
        "POST",
        "/register",
        json!({"username": "a", "password": "b"}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_failed_sign_in_is_401_without_a_body() {
    let app = app().await;
    for header in [
        ("accept", "*/*"),
        ("authorization", "Basic dXNlcjpwYXNzd29yZA=="),
    ] {
        let answer = with_header(&app, "GET", "/login", header).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("content-type"), "");
    }
}

#[tokio::test]
async fn a_guest_sees_what_the_original_showed_to_guests() {
    let app = app().await;
    for path in ["/card", "/address"] {
        let answer = fetch(&app, "GET", path).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, json!({"status_code": 500}))
        );
        assert!(answer.header("set-cookie").starts_with("md.sid="), "{path}");
    }
    let answer = fetch(&app, "GET", "/customers/whatever").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.json()["error"], "Invalid Id Hex");
    assert_eq!(answer.json()["status_code"], 500);
}

#[tokio::test]
async fn what_needs_a_customer_is_401_for_a_guest_even_with_the_marker() {
    let app = app().await;
    for (method, path) in [
        ("GET", "/orders"),
        ("POST", "/orders"),
        ("GET", "/customers"),
        ("GET", "/addresses"),
        ("GET", "/cards"),
        ("GET", "/cards/57a98d98e4b00679b4a830b1"),
        ("POST", "/addresses"),
        ("POST", "/cards"),
        ("DELETE", "/customers/57a98d98e4b00679b4a830b2"),
        ("DELETE", "/addresses/57a98d98e4b00679b4a830b0"),
        ("DELETE", "/cards/57a98d98e4b00679b4a830b1"),
    ] {
        let answer = with_header(&app, method, path, ("cookie", "logged_in=1")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        let expected = json!({"message": "User not logged in.", "error": {}});
        assert_eq!(answer.json(), expected);
    }
    for path in [
        "/orders/1",
        "/orders/search",
        "/orders/search/customerId?custId=1",
    ] {
        let answer = fetch(&app, "GET", path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bad_bodies_are_400_in_the_words_of_old() {
    let app = app().await;
    let said = async |path: &str, body: Value| {
        let answer = call(&app, "POST", path, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        said("/cart", json!({})).await,
        "Must pass id of item to add"
    );
    assert_eq!(
        said("/cart", Value::Null).await,
        "Must pass id of item to add"
    );
    let update = "/cart/update";
    assert_eq!(
        said(update, json!({"quantity": 1})).await,
        "Must pass id of item to update"
    );
    assert_eq!(
        said(update, json!({"id": "1"})).await,
        "Must pass quantity to update"
    );
    said(update, json!({"id": "1", "quantity": "abc"})).await;
    said("/cart", json!("not an object")).await;
}

#[tokio::test]
async fn the_description_lists_every_endpoint() {
    let answer = fetch(&app().await, "GET", "/openapi.json").await;
    let paths = &answer.json()["paths"];
    for (path, methods) in [
        ("/catalogue", &["get"][..]),
        ("/catalogue/size", &["get"]),
        ("/catalogue/{id}", &["get"]),
        ("/tags", &["get"]),
        ("/login", &["get", "post"]),
        ("/logout", &["post"]),
        ("/register", &["post"]),
        ("/cart", &["get", "post", "delete"]),
        ("/cart/update", &["post"]),
        ("/cart/{itemId}", &["delete"]),
        ("/orders", &["get", "post"]),
        ("/orders/{id}", &["get"]),
        ("/card", &["get"]),
        ("/address", &["get"]),
        ("/customers", &["get"]),
        ("/addresses", &["get", "post"]),
        ("/cards", &["get", "post"]),
        ("/cards/{id}", &["get", "delete"]),
        ("/addresses/{id}", &["delete"]),
    ] {
        for method in methods {
            assert!(paths[path][method].is_object(), "{method} {path}");
        }
    }
}

/// A catalogue that has one picture.
async fn gallery() -> (String, tokio::task::JoinHandle<()>) {
    let picture = get(async |headers: HeaderMap| {
        let described = [
            ("content-type", "image/jpeg"),
            ("etag", "\"1\""),
            ("x-inside", "1"),
        ];
        if headers.contains_key("range") {
            let part = [("content-range", "bytes 0-1/4")];
            return (StatusCode::PARTIAL_CONTENT, described, part, "so").into_response();
        }
        (described, "sock").into_response()
    });
    let router = Router::new().route("/catalogue/images/holy_1.jpeg", picture);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, serving)
}

#[tokio::test]
async fn pictures_come_from_the_catalogue_with_its_validators() {
    let (url, _serving) = gallery().await;
    let app = app_with(&url).await;
    let path = "/catalogue/images/holy_1.jpeg";
    let whole = fetch(&app, "GET", path).await;
    assert_eq!(
        (whole.status, whole.text().as_str()),
        (StatusCode::OK, "sock")
    );
    assert_eq!(whole.header("content-type"), "image/jpeg");
    assert_eq!(whole.header("content-length"), "4");
    assert_eq!(whole.header("cache-control"), "public, max-age=3600");
    assert_eq!(
        (whole.header("x-inside"), whole.header("set-cookie")),
        ("", "")
    );

    let known = with_header(&app, "GET", path, ("if-none-match", "\"1\"")).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    let part = with_header(&app, "GET", path, ("range", "bytes=0-1")).await;
    assert_eq!(
        (part.status, part.text().as_str()),
        (StatusCode::PARTIAL_CONTENT, "so")
    );
    assert_eq!(part.header("content-range"), "bytes 0-1/4");
    for path in [
        "/catalogue/images/none.jpeg",
        "/catalogue/images/..%2Fsecret",
    ] {
        assert_eq!(
            fetch(&app, "GET", path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_picture_shown_before_outlives_the_catalogue() {
    let (url, serving) = gallery().await;
    let app = app_with(&url).await;
    let path = "/catalogue/images/holy_1.jpeg";
    assert_eq!(fetch(&app, "GET", path).await.status, StatusCode::OK);
    serving.abort();
    assert_eq!(fetch(&app, "GET", path).await.text(), "sock");
}
