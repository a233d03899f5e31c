//! Pages hold up when every service behind them is away, and forms are taken
//! from our own pages only.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Read;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::Client;
use chassis::testing::{Answer, send};
use frontend::session::Store;
use frontend::{AppState, Key, Release, Services};

/// A front-end whose services are all away: nobody listens on port 1.
async fn app(version: &str) -> Router {
    let client = |name| Client::at(name, "http://127.0.0.1:1").unwrap();
    let services = Services {
        catalogue: client("catalogue"),
        carts: client("carts"),
        orders: client("orders"),
        user: client("user"),
    };
    let release = Release {
        version: version.into(),
        instance: "here".into(),
        theme: None,
    };
    let shop = AppState::new(services, release, Key::random());
    frontend::app(shop, Store::open("sqlite::memory:").await.unwrap())
}

/// Asks for a page as a browser does.
async fn page(app: &Router, path: &str) -> Answer {
    let request = Request::builder().uri(path).header("accept", "text/html");
    send(app, request.body(Body::empty()).unwrap()).await
}

/// Sends a form as the browser that holds `cookies` does.
async fn post(app: &Router, path: &str, cookies: &str, form: &str) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("accept", "text/html")
        .header("cookie", cookies)
        .header("content-type", "application/x-www-form-urlencoded");
    send(app, request.body(Body::from(form.to_owned())).unwrap()).await
}

/// The cookie a first answer sets, and the token in its first form.
fn credentials(answer: &Answer) -> (String, String) {
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let text = answer.text();
    let (_, rest) = text.split_once("name=\"csrf\" value=\"").unwrap();
    let (token, _) = rest.split_once('"').unwrap();
    (cookie.to_owned(), token.to_owned())
}

#[tokio::test]
async fn with_every_service_away_the_shop_still_stands() {
    let app = app("v1").await;
    for path in [
        "/",
        "/index.html",
        "/socks",
        "/category.html",
        "/basket",
        "/basket.html",
        "/sign-in",
        "/register",
        "/about",
    ] {
        let answer = page(&app, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(
            answer.text().contains("out of reach just now"),
            "{path} does not say so"
        );
        assert!(answer.text().contains("<h1>"), "{path}");
    }
}

#[tokio::test]
async fn a_page_is_compressed_for_those_who_can_read_that() {
    let app = app("v1").await;
    let encoded = async |path: &str, encodings: &str| {
        let request = Request::builder().uri(path).header("accept", "text/html");
        let request = request.header("accept-encoding", encodings);
        send(&app, request.body(Body::empty()).unwrap()).await
    };
    let plain = encoded("/sign-in", "identity").await;
    assert_eq!(plain.header("content-encoding"), "");
    let tight = encoded("/sign-in", "br, gzip").await;
    assert_eq!(tight.header("content-encoding"), "gzip");
    assert!(tight.header("vary").contains("accept-encoding"));
    assert!(tight.body.len() < plain.body.len() / 2);
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(&*tight.body);
    reader.read_to_string(&mut text).unwrap();
    assert!(text.contains("<h1>Sign in</h1>") && text.ends_with("</html>"));
    let icon = encoded("/favicon.ico", "gzip").await;
    assert_eq!(icon.header("content-encoding"), "");
}

#[tokio::test]
async fn what_cannot_be_shown_at_all_says_what_was_kept() {
    let answer = page(
        &app("v1").await,
        "/socks/03fef6ac-1896-4ce8-bd69-b798f85c6e0b",
    )
    .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer
            .text()
            .contains("Your basket and your orders are kept.")
    );
    assert!(answer.text().contains("Try again"));
}

#[tokio::test]
async fn a_page_that_is_not_there_is_a_page() {
    let answer = page(&app("v1").await, "/a&b").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let text = answer.text();
    assert!(text.contains("There is nothing here"), "{text}");
    assert!(text.contains("Cannot GET /a&#38;b") && !text.contains("/a&b"));
}

#[tokio::test]
async fn a_guest_is_asked_to_sign_in_and_comes_back() {
    let app = app("v1").await;
    for path in ["/account", "/account/orders", "/customer-orders.html"] {
        let answer = page(&app, path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        let next = path.replace('/', "%2F");
        assert_eq!(answer.header("location"), format!("/sign-in?next={next}"));
    }
    let asked = page(&app, "/sign-in?next=//evil.example").await;
    assert!(asked.text().contains("name=\"next\" value=\"/\""));
}

#[tokio::test]
async fn forms_are_taken_from_our_own_pages_only() {
    let app = app("v1").await;
    let (cookie, token) = credentials(&page(&app, "/sign-in").await);
    let form = "username=user&password=secret&csrf=";
    let forged = post(&app, "/sign-in", &cookie, &format!("{form}forged")).await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    assert!(forged.text().contains("Nothing was changed."));
    let stolen = post(&app, "/sign-in", "", &format!("{form}{token}")).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    let ours = post(&app, "/sign-in", &cookie, &format!("{form}{token}")).await;
    assert_eq!(ours.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ours.text().contains("Nobody can sign in just now."));
}

#[tokio::test]
async fn what_was_typed_is_kept_except_the_password() {
    let app = app("v1").await;
    let (cookie, token) = credentials(&page(&app, "/register").await);
    let form = format!("csrf={token}&username=%22ada%22&password=short&email=ada&next=/checkout");
    let answer = post(&app, "/sign-up", &cookie, &form).await;
    let text = answer.text();
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("value=\"&#34;ada&#34;\""), "{text}");
    assert!(text.contains("Password needs eight characters or more"));
    assert!(text.contains("aria-describedby=\"email-problem\" aria-invalid=\"true\""));
    assert!(text.contains("name=\"next\" value=\"/checkout\""));
    assert!(!text.contains("short"));
}

#[tokio::test]
async fn a_theme_is_remembered_and_the_way_back_is_ours() {
    let app = app("v1").await;
    let answer = post(&app, "/theme", "", "theme=dark&next=//evil.example").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/")
    );
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("theme=dark;"), "{cookie}");
    let request = Request::builder()
        .uri("/socks")
        .header("cookie", "theme=dark");
    let dark = send(&app, request.body(Body::empty()).unwrap()).await;
    assert!(
        dark.text()
            .contains("<html lang=\"en-GB\" data-theme=\"dark\">")
    );
}

#[tokio::test]
async fn an_unusual_release_wears_a_ribbon() {
    let plain = page(&app("v1").await, "/about").await.text();
    let blue = page(&app("blue").await, "/about").await.text();
    assert!(!plain.contains("class=\"ribbon\""));
    assert!(blue.contains("Release blue") && blue.contains("fill=\"#2f6fb0\""));
}

#[tokio::test]
async fn pages_need_nothing_inline() {
    let app = app("v2").await;
    for path in ["/", "/socks", "/basket", "/register", "/about"] {
        let text = page(&app, path).await.text();
        assert!(
            !text.contains(" style=") && !text.contains("<style"),
            "{path}"
        );
        assert!(
            !text.contains("<script>") && !text.contains(" onclick="),
            "{path}"
        );
    }
}

#[tokio::test]
async fn assets_of_this_release_are_kept_for_ever_and_others_looked_up_anew() {
    let app = app("v1").await;
    let text = page(&app, "/about").await.text();
    let (_, rest) = text.split_once("href=\"/assets/shop.").unwrap();
    let (tag, _) = rest.split_once('.').unwrap();
    for (tag, age) in [
        (tag, "public, max-age=31536000, immutable"),
        ("other", "no-cache"),
    ] {
        let answer = page(&app, &format!("/assets/shop.{tag}.css")).await;
        assert_eq!(answer.header("cache-control"), age);
        assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    }
}

#[tokio::test]
async fn terminals_get_a_window_of_text() {
    let request = Request::builder()
        .uri("/")
        .header("user-agent", "curl/8.9.1");
    let answer = send(&app("v1").await, request.body(Body::empty()).unwrap()).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(answer.text().contains("S O C K   S H O P"));
}
