//! Nothing of the inside leaves it.

use std::path::{Path, PathBuf};

use futures_util::stream;
use serde_json::json;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

use crate::PAGES;
use crate::support::api::{Answer, Api};
use crate::support::grpc;
use crate::support::served::Served;
use crate::support::shared;
use crate::support::visitor::{CARD, COLOURFUL, Visitor, password};

/// Words of the inside, which no answer may hold.
const INSIDE: [&str; 9] = [
    "127.0.0.1:",
    "127.77.",
    ".rs",
    "panicked",
    "sqlx",
    "tonic",
    "tcp",
    "SELECT",
    "Connection",
];

#[track_caller]
fn assert_says_nothing_of_the_inside(what: &str, answer: &Answer) {
    let text = answer.text();
    // A page links to what it is made of.
    let text = text.replace("/assets/", "");
    for word in INSIDE {
        assert!(!text.contains(word), "{what} says {word}: {text}");
    }
}

#[tokio::test]
async fn errors_tell_nothing_of_the_inside() {
    let alone = tokio::task::spawn_blocking(|| Served::start("front-end", &[]))
        .await
        .unwrap();
    for path in [
        "/catalogue",
        "/catalogue/x",
        "/tags",
        "/cart",
        "/catalogue/images/x.jpeg",
    ] {
        let answer = Visitor::at(&alone.url).web.get(path).await;
        assert!([404, 503].contains(&answer.status), "{path}: {answer:?}");
        assert_says_nothing_of_the_inside(path, &answer);
    }
    for path in PAGES {
        let page = Visitor::at(&alone.url).page(path).await;
        assert_ne!(page.status, 500, "{path}");
        assert_says_nothing_of_the_inside(path, &page);
    }
    let json = json!({"username": "a", "password": "b", "email": "a@example.org"});
    let answer = Visitor::at(&alone.url).web.post("/register", &json).await;
    answer.assert_plain_error();
    assert_says_nothing_of_the_inside("/register", &answer);
}

#[tokio::test]
async fn nobody_outside_speaks_grpc_with_the_front_end() {
    let front_end = grpc(&shared::url("front-end"));
    let mut health = HealthClient::new(front_end.clone());
    let healthy = health.check(HealthCheckRequest::default()).await;
    assert!(healthy.is_err(), "{healthy:?}");
    let questions = stream::iter([ServerReflectionRequest::default()]);
    let mut reflection = ServerReflectionClient::new(front_end);
    let told = reflection.server_reflection_info(questions).await;
    let first = match told {
        Ok(answers) => answers.into_inner().message().await,
        Err(status) => Err(status),
    };
    assert!(first.is_err(), "{first:?}");
}

#[tokio::test]
async fn nonsense_is_refused_and_never_breaks_anything() {
    let visitor = Visitor::buyer("nonsense").await;
    let long = "x".repeat(10_000);
    let bodies = [
        "{",
        "[]",
        "null",
        "\"x\"",
        r#"{"id":{}}"#,
        r#"{"id":"\u0000"}"#,
        r#"{"id":"' OR 1=1 --","quantity":1e99}"#,
        r#"{"username":[],"number":1}"#,
        &format!(r#"{{"id":"{long}","username":"{long}","street":"{long}","longNum":"{long}"}}"#),
    ];
    for path in [
        "/cart",
        "/cart/update",
        "/register",
        "/login",
        "/addresses",
        "/cards",
    ] {
        for body in bodies {
            let answer = visitor.web.post_raw(path, "application/json", body).await;
            let saved = path == "/addresses" && answer.status == 200;
            assert!(
                saved || (400..500).contains(&answer.status),
                "{path} {body:.60}: {answer:?}"
            );
            assert_says_nothing_of_the_inside(path, &answer);
        }
    }
    for path in [
        "/catalogue?page=%00&size=-1",
        "/catalogue/%2e%2e%2f",
        "/orders/%27",
        "/cards/%FF",
        "/catalogue/images/..%2f..%2fuser.db",
        "/assets/..%2fshop.css",
        "/socks?page=x&sort=%FF",
    ] {
        let answer = visitor.web.get(path).await;
        assert!(answer.status < 500, "{path}: {answer:?}");
        assert_says_nothing_of_the_inside(path, &answer);
    }
    let too_much = " ".repeat((64 << 10) + 1);
    let refused = visitor.web.post_raw("/cart", "application/json", too_much);
    refused.await.expect(400).assert_plain_error();
}

#[tokio::test]
async fn no_card_number_and_no_password_is_written_anywhere() {
    let visitor = Visitor::buyer("discreet").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let new_card = [
        ("card", "new"),
        ("card_number", CARD),
        ("expires", "11/39"),
        ("security_code", "731"),
    ];
    let placed = visitor
        .submits("/checkout", "/checkout", &new_card)
        .await
        .expect(303);
    assert!(placed.header("location").starts_with("/account/orders/"));
    let secret = password("discreet");
    visitor.signs_in("discreet", &secret).await.expect(200);
    visitor
        .signs_in("discreet", "wrong guess in clear")
        .await
        .expect(401);
    visitor
        .web
        .post_raw(
            "/cards",
            "application/json",
            format!(r#"{{"longNum":"{CARD}x"#),
        )
        .await;

    let files = files(shared::shop().data());
    let holding = |text: &str| {
        let holds = |file: &&PathBuf| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        files.iter().filter(holds).collect::<Vec<_>>()
    };
    assert!(
        files
            .iter()
            .any(|file| file.extension().is_some_and(|end| end == "log"))
    );
    assert!(
        !holding("discreet@example.org").is_empty(),
        "this finds what is written"
    );
    for text in [CARD, &secret, "wrong guess in clear"] {
        assert_eq!(holding(text), Vec::<&PathBuf>::new(), "{text}");
    }
}

/// Every file in `folder`, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.map(|path| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    });
    files.collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn the_private_port_is_not_the_public_one() {
    let visitor = Visitor::new();
    for path in ["/faults", "/readyz", "/livez", "/metrics"] {
        visitor.web.get(path).await.expect(404);
    }
    let plan = json!({"error_percent": 100.0});
    visitor.web.send("PUT", "/faults", &plan).await.expect(404);
    let faults = Api::at(&shared::shop().instance("front-end-1").admin_url());
    assert_eq!(faults.get("/faults").await.json()["error_percent"], 0.0);
}
