//! The compat checks of the contract's page "deployment", as far as they are
//! about processes.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use support::api::{Answer, Api};
use support::by_hand::{ask, exchange, hear};
use support::served::Served;
use support::visitor::{SEED, Visitor};
use support::{eventually_async, free_port, shared};

/// A server nobody has started.
fn nowhere() -> String {
    format!("postgres://nobody@127.0.0.1:{}/nothing", free_port())
}

/// As [`Served::start`], off the thread that has other things to do.
async fn start(service: &'static str, settings: Vec<(&'static str, String)>) -> Served {
    let start = move || {
        let settings = settings.iter().map(|(name, value)| (*name, &**value));
        Served::start(service, &settings.collect::<Vec<_>>())
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_03_a_service_whose_database_is_away_serves_and_says_so() {
    let services = [
        ("catalogue", "time", "catalogue-db err", "/catalogue"),
        ("user", "time", "user-db err", "/customers"),
        ("carts", "date", "carts-db err", "/carts/1/items"),
        ("orders", "date", "orders-db err", "/orders"),
        ("shipping", "date", "shipping-rabbitmq err", ""),
        ("payment", "time", "", ""),
    ];
    let checks = services.map(async |(service, time, away, path)| {
        let served = start(service, vec![("DATABASE_URL", nowhere())]).await;
        let (api, admin) = (Api::at(&served.url), Api::at(&served.admin_url));
        let health = api.get("/health").await.health(time);
        assert!(
            away.is_empty() || health.contains(&away.to_owned()),
            "{health:?}"
        );
        admin.get("/readyz").await.expect(503);
        admin.get("/livez").await.expect(200);
        if !path.is_empty() {
            let answer = api.get(path).await;
            assert!((500..600).contains(&answer.status), "{service}: {answer:?}");
            assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        }
    });
    join_all(checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_03_a_front_end_whose_sessions_are_away_still_has_its_window() {
    let settings = vec![
        ("SESSION_STORE", nowhere()),
        ("CATALOGUE_URL", shared::url("catalogue")),
        ("CARTS_URL", shared::url("carts")),
        ("USER_URL", shared::url("user")),
    ];
    let served = start("front-end", settings).await;
    let admin = Api::at(&served.admin_url);
    let ready = admin.get("/readyz").await.expect(200).text();
    assert!(ready.contains("session-db: "), "{ready}");
    admin.get("/livez").await.expect(200);
    let visitor = Visitor::at(&served.url);
    let window = visitor.page("/socks").await.expect(200).text();
    assert!(window.contains("Colourful"), "{window}");
    visitor.signs_in("user", "password").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_03_a_service_whose_neighbour_appears_later_recovers_by_itself() {
    let (catalogue, shipping) = (free_port(), free_port());
    let url = |port| format!("http://127.0.0.1:{port}");
    let front_end = start("front-end", vec![("CATALOGUE_URL", url(catalogue))]).await;
    let worker = start("queue-master", vec![("SHIPPING_URL", url(shipping))]).await;
    let (shop, worker) = (Visitor::at(&front_end.url), Api::at(&worker.url));
    let away = shop.web.get("/catalogue").await.expect(503);
    away.assert_plain_error();
    let broker = async || worker.get("/health").await.health("date");
    assert!(broker().await.contains(&"queue-master-rabbitmq err".into()));

    let _late = [
        start("catalogue", vec![("PORT", catalogue.to_string())]).await,
        start("shipping", vec![("PORT", shipping.to_string())]).await,
    ];
    eventually_async("the list is there", async || {
        shop.web.get("/catalogue").await.status == 200
    })
    .await;
    eventually_async("the queue is there", async || {
        broker().await.contains(&"queue-master-rabbitmq OK".into())
    })
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn check_04_nobody_speaks_to_anybody_but_neighbours() {
    let visitor = Visitor::buyer("local").await;
    visitor.wants(support::visitor::COLOURFUL).await.expect(201);
    visitor.buys().await.expect(201);
    visitor.page("/about").await.expect(200);
    let instances = shared::shop().instances();
    let mut spoken = std::collections::HashSet::new();
    for one in &instances {
        for peer in support::sockets::peers(one.pid.unwrap(), &[one.port, one.admin_port]) {
            let mut others = instances.iter();
            let other = others.find(|other| other.address == peer.ip().to_string());
            let other = other.unwrap_or_else(|| panic!("{} speaks to {peer}", one.instance));
            spoken.insert((&*one.service, &*other.service));
        }
    }
    let strange = spoken.iter().filter(|(from, to)| {
        let neighbours: &[&str] = match *from {
            "front-end" => &["catalogue", "user", "carts", "orders"],
            "orders" => &["catalogue", "user", "carts", "payment", "shipping"],
            "queue-master" => &["shipping"],
            _ => &[],
        };
        *to != "meshd" && !neighbours.contains(to)
    });
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new());
    for known in [("front-end", "catalogue"), ("orders", "payment")] {
        assert!(spoken.contains(&known), "{spoken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_05_port_and_link_domain_are_set_as_they_were() {
    let port = free_port().to_string();
    let settings = vec![("PORT", port.clone()), ("HATEAOS", "accounts".to_owned())];
    let served = start("user", settings).await;
    assert_eq!(served.url, format!("http://127.0.0.1:{port}"));
    let customer = format!("/customers/{SEED}");
    let customer = Api::at(&served.url).get(&customer).await.expect(200).json();
    let link = &customer["_links"]["self"]["href"];
    assert!(
        link.as_str().unwrap().starts_with("http://accounts/"),
        "{link}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_07_two_front_ends_with_one_store_and_one_key_share_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db").display().to_string();
    let redis = std::env::var("TEST_REDIS_URL").ok();
    for store in [Some(format!("sqlite:{file}?mode=rwc")), redis]
        .into_iter()
        .flatten()
    {
        let settings = |key: &str| {
            let services = ["catalogue", "carts", "orders", "user"].map(shared::url);
            let names = ["CATALOGUE_URL", "CARTS_URL", "ORDERS_URL", "USER_URL"];
            let mut settings: Vec<_> = names.into_iter().zip(services).collect();
            settings.push(("SESSION_STORE", store.clone()));
            settings.push(("SESSION_KEY", key.repeat(16)));
            settings
        };
        let one = start("front-end", settings("0a1b")).await;
        let two = start("front-end", settings("0a1b")).await;
        let stranger = start("front-end", settings("c2d3")).await;
        let cookies = signed_in_at(&one).await;
        assert_eq!(customer_at(&two, &cookies).await, json!("User"));
        assert_eq!(customer_at(&stranger, &cookies).await, json!(null));
    }
}

/// The cookies of a customer who signed in at `front_end`.
async fn signed_in_at(front_end: &Served) -> String {
    let answer = Visitor::at(&front_end.url)
        .signs_in("user", "password")
        .await;
    let answer = answer.expect(200);
    let cookies = ["md.sid", "logged_in"].map(|name| answer.cookie(name).unwrap());
    let cookies = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned());
    cookies.join("; ")
}

/// The first name `front_end` knows the bearer of `cookies` by.
async fn customer_at(front_end: &Served, cookies: &str) -> serde_json::Value {
    let visitor = Visitor::at(&front_end.url);
    let request = visitor.web.request("GET", "/customers/x");
    let answer = Answer::to(request.header("cookie", cookies)).await;
    answer.expect(200).json()["firstName"].clone()
}

/// The answer takes longer than the drain window, so the request is in flight
/// when the process would like to close.
#[tokio::test(flavor = "multi_thread")]
async fn check_08_a_service_that_is_told_to_end_finishes_what_it_is_doing() {
    let services = [
        ("catalogue", "/health"),
        ("carts", "/health"),
        ("orders", "/health"),
        ("payment", "/health"),
        ("user", "/health"),
        ("shipping", "/health"),
        ("queue-master", "/health"),
        ("front-end", "/sign-in"),
    ];
    let ends = services.map(async |(service, path)| {
        let served = start(service, vec![("DRAIN_WINDOW", "200ms".to_owned())]).await;
        let end = move || ends_well(served, path);
        let (answer, status, took) = tokio::task::spawn_blocking(end).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{service}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{service}: {answer}"
        );
        assert_eq!(status.code(), Some(0), "{service}");
        assert!(took < Duration::from_secs(10), "{service}: {took:?}");
    });
    join_all(ends).await;
}

/// Asks for `path`, says meanwhile that it is time to end, and returns the
/// answer, the exit status and how long that took.
fn ends_well(served: Served, path: &str) -> (String, ExitStatus, Duration) {
    let slow = r#"{"latency_ms":1000}"#;
    let length = format!("Content-Length: {}", slow.len());
    let head = [
        "PUT /faults HTTP/1.1",
        "Content-Type: application/json",
        &length,
    ];
    let set = exchange(&served.admin_url, &head, slow);
    assert!(set.starts_with("HTTP/1.1 200 "), "{set}");
    let asked = ask(&served.url, &[&format!("GET {path} HTTP/1.1")], "");
    let begun = Instant::now();
    served.terminate();
    let status = served.wait();
    (hear(asked), status, begun.elapsed())
}
