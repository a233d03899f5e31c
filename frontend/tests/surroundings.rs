//! What stands around a front-end: proxies, other programs on its host, other
//! sites, other tabs of the same browser.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use chassis::Client;
use chassis::forwarded::{ProxySettings, PublicUrl};
use chassis::testing::{Answer, send};
use frontend::session::Store;
use frontend::{AppState, Edge, Key, Release, Services};

#[path = "surroundings/shops.rs"]
mod shops;

use shops::{Browser, Users};

/// A front-end with a user service that lets in whoever has the right password,
/// and nothing else behind it.
async fn app(edge: Edge) -> Router {
    let client = |name, url: &str| Client::at(name, url).unwrap();
    let away = "http://127.0.0.1:1";
    let services = Services {
        catalogue: client("catalogue", away),
        carts: client("carts", away),
        orders: client("orders", away),
        user: client("user", &Users::serve().await),
    };
    let release = Release {
        version: "v1".into(),
        instance: "here".into(),
        theme: None,
    };
    let mut shop = AppState::new(services, release, Key::random());
    shop.edge = edge;
    frontend::app(shop, Store::open("sqlite::memory:").await.unwrap())
}

fn edge(public_url: &str, trusted_proxies: &str) -> Edge {
    Edge {
        proxies: ProxySettings {
            public_url: PublicUrl::parse_optional(public_url).unwrap(),
            trusted_proxies: trusted_proxies.parse().unwrap(),
        },
        secure_cookies: None,
    }
}

/// Sends `POST path` without a body from 10.1.2.3, with these headers.
async fn post(app: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request =
        Request::post(path).extension(ConnectInfo(SocketAddr::from(([10, 1, 2, 3], 4711))));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(Body::empty()).unwrap()).await
}

/// What pages say to whoever is signed in as `ada`.
const ADA: &str = "Signed in as </span>ada<";

#[tokio::test]
async fn a_foreign_cookie_is_ignored_alone() {
    let app = app(Edge::default()).await;
    let mut browser = Browser::default();
    browser.sign_in(&app, "ada").await;
    let own = browser.cookies();
    let foreign: [&[u8]; 7] = [
        "x=caf\u{e9}".as_bytes(),
        b"x=caf\xe9",
        b"x",
        b"=",
        b"md.sid=forged",
        b"md.sid=s%3Aa.b",
        &b"x".repeat(30_000),
    ];
    for foreign in foreign {
        for line in [
            [foreign, b"; ", own.as_bytes()].concat(),
            [own.as_bytes(), b"; ", foreign].concat(),
        ] {
            let request = Request::get("/about").header("cookie", line);
            let answer = send(&app, request.body(Body::empty()).unwrap()).await;
            let sent = String::from_utf8_lossy(foreign);
            assert!(answer.text().contains(ADA), "{sent}");
            assert_eq!(answer.header("set-cookie"), "");
        }
        let mut request = Request::get("/about").header("cookie", foreign);
        for pair in own.split("; ") {
            request = request.header("cookie", pair);
        }
        let answer = send(&app, request.body(Body::empty()).unwrap()).await;
        assert!(answer.text().contains(ADA), "a header for each pair");
    }
}

#[tokio::test]
async fn one_browser_is_signed_in_to_two_shops_on_one_host() {
    let (one, two) = (app(Edge::default()).await, app(Edge::default()).await);
    let mut browser = Browser::default();
    browser.sign_in(&one, "ada").await;
    browser.sign_in(&two, "bob").await;
    assert_eq!(browser.username(&one).await, "ada");
    assert_eq!(browser.username(&two).await, "bob");
    let token = browser.token(&two, "/sign-in").await;
    browser.post(&two, "/sign-out", &[("csrf", &token)]).await;
    assert_eq!(browser.username(&two).await, "");
    assert_eq!(browser.username(&one).await, "ada");
    let token = browser.token(&one, "/account").await;
    browser.post(&one, "/sign-out", &[("csrf", &token)]).await;
    assert_eq!(browser.username(&one).await, "");
    assert!(
        !browser.cookies().contains("logged_in"),
        "{}",
        browser.cookies()
    );
}

#[tokio::test]
async fn a_form_from_behind_a_proxy_is_taken_when_settings_or_the_proxy_vouch_for_it() {
    let asked = [("origin", "http://shop.lan:8088"), ("host", "shop.lan")];
    let by_proxy = [
        &asked[..],
        &[
            ("x-forwarded-host", "Shop.lan:8088"),
            ("x-forwarded-for", "198.51.100.7"),
        ],
    ]
    .concat();
    let by_rfc = [
        &asked[..],
        &[("forwarded", "for=198.51.100.7;host=\"shop.lan:8088\"")],
    ]
    .concat();
    for (public, trusted, headers, expected) in [
        ("", "", &asked[..], 403),
        ("http://shop.lan:8088", "", &asked, 204),
        ("", "", &by_proxy, 403),
        ("", "192.0.2.0/24", &by_proxy, 403),
        ("", "10.0.0.0/8", &by_proxy, 204),
        ("", "10.0.0.0/8", &by_rfc, 204),
        ("", "10.0.0.0/8", &asked, 403),
    ] {
        let app = app(edge(public, trusted)).await;
        let status = post(&app, "/logout", headers).await.status;
        assert_eq!(status.as_u16(), expected, "{public} {trusted} {headers:?}");
        for stranger in ["http://evil.example", "null"] {
            let mut lying = headers.to_vec();
            lying[0] = ("origin", stranger);
            let status = post(&app, "/logout", &lying).await.status;
            assert_eq!(status, StatusCode::FORBIDDEN, "{stranger}");
        }
    }
}

#[tokio::test]
async fn another_site_is_refused_with_a_page_where_a_page_is_wanted() {
    let app = app(Edge::default()).await;
    let stranger = [("origin", "http://evil.example"), ("host", "shop.lan")];
    let from_browser = [&stranger[..], &[("accept", "text/html,*/*;q=0.8")]].concat();
    for path in [
        "/sign-out",
        "/basket",
        "/account/profile",
        "/checkout",
        "/sign-in",
        "/basket/1",
    ] {
        let answer = post(&app, path, &from_browser).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(
            answer
                .text()
                .contains("<h1>That came from another site</h1>"),
            "{path}"
        );
        assert_eq!(
            answer.header("set-cookie"),
            "",
            "the visitor's session stays"
        );
    }
    for path in ["/cart", "/logout", "/orders"] {
        for headers in [&stranger[..], &from_browser] {
            let answer = post(&app, path, headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(
                answer.json()["message"],
                "the request came from another site"
            );
        }
    }
}

#[tokio::test]
async fn cookies_are_for_https_only_where_a_trusted_proxy_says_https() {
    let https = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "198.51.100.7"),
    ];
    for (trusted, is_secure) in [("10.0.0.0/8", true), ("", false)] {
        let app = app(edge("", trusted)).await;
        let answer = post(&app, "/theme", &https).await;
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie.contains("; Secure"), is_secure, "{cookie}");
        assert_eq!(
            answer.header("location"),
            "/",
            "and redirects stay relative"
        );
    }
}

#[tokio::test]
async fn the_user_service_learns_the_address_of_the_browser() {
    let app = app(edge("", "10.0.0.0/8")).await;
    for (forwarded, expected) in [
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("unknown", "10.1.2.3"),
    ] {
        let body = r#"{"username":"whoami","password":"secret"}"#;
        let request = Request::post("/register")
            .extension(ConnectInfo(SocketAddr::from(([10, 1, 2, 3], 4711))))
            .header("x-forwarded-for", forwarded)
            .header("content-type", "application/json");
        let answer = send(&app, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.json()["id"], expected);
    }
}

#[tokio::test]
async fn whoever_is_told_to_slow_down_keeps_the_form_and_learns_how_long_to_wait() {
    let app = app(Edge::default()).await;
    for (page, path, fields) in [
        (
            "/sign-in",
            "/sign-in",
            &[("username", "busy"), ("password", "secret")][..],
        ),
        (
            "/register",
            "/sign-up",
            &[("username", "busy"), ("password", "long enough")],
        ),
    ] {
        let mut browser = Browser::default();
        let token = browser.token(&app, page).await;
        let form = [fields, &[("csrf", &*token)]].concat();
        let answer = browser.post(&app, path, &form).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), "1");
        let text = answer.text();
        assert!(
            text.contains("Try again in a moment.") && text.contains("value=\"busy\""),
            "{text}"
        );
    }
    for path in ["/login", "/register"] {
        let body = r#"{"username":"busy","password":"secret"}"#;
        let request = Request::post(path).header("content-type", "application/json");
        let answer = send(&app, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), "1");
        assert!(answer.json()["message"].is_string());
    }
}

/// Every form of the shop: where it is sent, and what may stand in it.
const FORMS: [(&str, &[(&str, &str)]); 12] = [
    (
        "/sign-in",
        &[
            ("username", "ada"),
            ("password", "secret"),
            ("next", "/checkout"),
        ],
    ),
    (
        "/sign-up",
        &[
            ("username", "new"),
            ("password", "long enough"),
            ("email", "new@shop.lan"),
        ],
    ),
    ("/sign-out", &[]),
    (
        "/basket",
        &[("product", "sock-1"), ("quantity", "2"), ("next", "/socks")],
    ),
    ("/basket/sock-1", &[("quantity", "7")]),
    (
        "/checkout",
        &[
            ("key", "k1"),
            ("address", "new"),
            ("street", "Mill \"Lane\""),
            ("card", "c1"),
        ],
    ),
    (
        "/account/profile",
        &[
            ("first_name", "Ada"),
            ("last_name", "Moss"),
            ("email", "a@shop.lan"),
        ],
    ),
    (
        "/account/addresses",
        &[
            ("number", "12b"),
            ("street", "Mill Lane"),
            ("city", "Leeds"),
            ("postcode", "LS1"),
            ("country", "UK"),
        ],
    ),
    ("/account/addresses/a1/remove", &[]),
    (
        "/account/cards",
        &[
            ("card_number", "4111111111111111"),
            ("expires", "04/39"),
            ("security_code", "123"),
        ],
    ),
    ("/account/cards/c1/remove", &[]),
    ("/account/orders/o1/cancel", &[]),
];

/// What is not written into a page again.
const SECRETS: [&str; 3] = ["password", "card_number", "security_code"];

/// Asserts that `answer` shows the form at `path` again, with what was typed, and
/// returns the token in it.
fn shown_again(answer: &Answer, path: &str, typed: &[(&str, &str)]) -> String {
    let text = answer.text();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    assert!(text.contains("Nothing was changed."), "{path}");
    let (_, form) = text
        .split_once(&format!("action=\"{path}\""))
        .unwrap_or_else(|| panic!("no form at {path}: {text}"));
    let (form, _) = form.split_once("</form>").unwrap();
    for (name, value) in typed {
        let value = value.replace('"', "&#34;");
        let is_secret = SECRETS.contains(name);
        assert!(
            form.contains(&format!("name=\"{name}\"")),
            "{name} of {path}"
        );
        assert_eq!(
            form.contains(&format!("value=\"{value}\"")),
            !is_secret,
            "{name} of {path}"
        );
    }
    let (_, token) = form.split_once("name=\"csrf\" value=\"").unwrap();
    token.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn no_form_is_lost_when_its_visitor_signs_in_or_out_in_another_tab() {
    let app = app(Edge::default()).await;
    for (path, fields) in FORMS {
        let mut browser = Browser::default();
        let guest = browser.token(&app, "/sign-in").await;
        browser.sign_in(&app, "ada").await;
        let late = [fields, &[("csrf", &*guest)]].concat();
        let answer = browser.post(&app, path, &late).await;
        let fresh = shown_again(&answer, path, fields);
        let again = [fields, &[("csrf", &*fresh)]].concat();
        let answer = browser.post(&app, path, &again).await;
        assert!(
            !answer.text().contains("Please send that again"),
            "{path} is taken now"
        );

        let mut browser = Browser::default();
        browser.sign_in(&app, "ada").await;
        let customer = browser.token(&app, "/about").await;
        browser
            .post(&app, "/sign-out", &[("csrf", &customer)])
            .await;
        let late = [fields, &[("csrf", &*customer)]].concat();
        let answer = browser.post(&app, path, &late).await;
        shown_again(&answer, path, fields);
        let needs_a_customer = path.starts_with("/account") || path.starts_with("/checkout");
        assert_eq!(
            answer.text().contains("Sign in in another tab"),
            needs_a_customer,
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_form_of_a_customer_is_lost_when_the_session_has_expired() {
    let app = app(Edge::default()).await;
    for (path, fields) in FORMS
        .into_iter()
        .filter(|(path, _)| path.starts_with("/account") || *path == "/checkout")
    {
        let mut browser = Browser::default();
        browser.sign_in(&app, "ada").await;
        let token = browser.token(&app, "/about").await;
        browser.forget("logged_in"); // it expires together with the session
        let late = [fields, &[("csrf", &*token)]].concat();
        let answer = browser.post(&app, path, &late).await;
        shown_again(&answer, path, fields);

        browser.sign_in(&app, "ada").await; // in another tab
        let fresh = shown_again(&browser.post(&app, path, &late).await, path, fields);
        let again = [fields, &[("csrf", &*fresh)]].concat();
        let answer = browser.post(&app, path, &again).await;
        assert!(
            !answer.text().contains("Please send that again"),
            "{path} is taken now"
        );
    }
}

#[tokio::test]
async fn a_script_is_given_a_fresh_token() {
    let app = app(Edge::default()).await;
    let mut browser = Browser::default();
    let guest = browser.token(&app, "/sign-in").await;
    browser.sign_in(&app, "ada").await;
    let send = async |token: &str| {
        let request = Request::post("/basket")
            .header("accept", "application/json")
            .header("cookie", browser.cookies())
            .header("content-type", "application/x-www-form-urlencoded");
        let body = format!("product=sock-1&csrf={token}");
        send(&app, request.body(Body::from(body)).unwrap()).await
    };
    let late = send(&guest).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    let fresh = late.json()["csrf"].as_str().unwrap().to_owned();
    let answer = send(&fresh).await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "taken: the catalogue is away"
    );
    assert!(answer.json()["csrf"].is_null());
}

#[tokio::test]
async fn assets_are_not_sent_again_to_who_has_them_and_come_in_parts() {
    let app = app(Edge::default()).await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = Request::get("/assets/shop.0.css");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&app, request.body(Body::empty()).unwrap()).await
    };
    let plain = ask(&[]).await;
    let (tag, length) = (plain.header("etag").to_owned(), plain.body.len());
    let tight = ask(&[("accept-encoding", "br")]).await;
    assert_ne!(
        tight.header("etag"),
        tag,
        "another encoding is another representation"
    );
    let known = ask(&[("if-none-match", &format!("\"x\", W/{tag}"))]).await;
    assert_eq!(
        (known.status, known.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    assert_eq!(
        (known.header("vary"), known.header("cache-control")),
        ("accept-encoding", "no-cache")
    );
    let part = ask(&[("range", "bytes=0-9"), ("if-range", &tag)]).await;
    assert_eq!(
        (part.status, part.body.len()),
        (StatusCode::PARTIAL_CONTENT, 10)
    );
    let beyond = ask(&[("range", "bytes=9999999-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    let other = ask(&[("range", "bytes=0-9"), ("if-range", "\"old\"")]).await;
    assert_eq!((other.status, other.body.len()), (StatusCode::OK, length));
}
