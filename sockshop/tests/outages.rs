//! What visitors see while a part of the shop is away.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::api::Answer;
use support::served::Served;
use support::visitor::{COLOURFUL, Visitor, fields};
use support::{Shop, eventually_async};

/// The front-end's own deadline, and some time for a busy machine.
const DEADLINE: Duration = Duration::from_secs(15);

/// Time limit for a page while a service hangs: less than the 5 s of one call.
const RESPONSE_LIMIT: Duration = Duration::from_millis(4500);

/// The page at `path`, which must be there soon.
async fn soon(visitor: &Visitor, path: &str) -> Answer {
    let begun = Instant::now();
    let page = visitor.page(path).await;
    let took = begun.elapsed();
    assert!(took < RESPONSE_LIMIT, "{path} took {took:?}");
    assert_is_a_page(path, &page);
    page
}

/// Fails unless `answer` is a page that says something.
#[track_caller]
fn assert_is_a_page(path: &str, answer: &Answer) {
    let text = answer.text();
    assert!(
        [200, 503, 504].contains(&answer.status),
        "{path}: {answer:?}"
    );
    assert!(
        answer.media_type().starts_with("text/html"),
        "{path}: {answer:?}"
    );
    assert!(
        text.contains("<h1>") && text.contains("</html>"),
        "{path}: {text}"
    );
}

/// Runs `sockshop` with these arguments, which must go well.
fn run(shop: &Shop, arguments: &[&str]) {
    let output = shop.run(arguments);
    assert!(output.status.success(), "{}", support::text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shelves_are_shown_and_nothing_is_sold_while_the_catalogue_hangs() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("patient").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let filled_in = visitor.checkout().await;
    for path in ["/", "/socks", "/basket"] {
        visitor.page(path).await.expect(200);
    }
    run(&shop, &["pause", "catalogue-1"]);
    let begun = Instant::now();
    let (home, socks, basket, _, list, order) = tokio::join!(
        soon(&visitor, "/"),
        soon(&visitor, "/socks"),
        soon(&visitor, "/basket"),
        soon(&visitor, "/socks?search=unseen"),
        visitor.web.get("/catalogue?size=3"),
        visitor.posts("/checkout", &filled_in),
    );
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    for page in [home, socks, basket] {
        page.expect(200);
    }
    assert!(list.status >= 500);
    list.assert_plain_error();
    assert_is_a_page("/checkout", &order);
    assert!(
        order.text().contains("You will not be charged twice"),
        "{order:?}"
    );

    run(&shop, &["resume", "catalogue-1"]);
    eventually_async("the catalogue is back", async || {
        visitor.web.get("/catalogue?size=3").await.status == 200
    })
    .await;
    eventually_async("it is sold", async || {
        visitor.posts("/checkout", &filled_in).await.status == 303
    })
    .await;
    assert_eq!(visitor.orders().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_carts_that_hang() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("cartless").await;
    let paths = ["/", "/socks", "/basket", "/checkout", "/about", "/account"];
    for path in paths {
        visitor.page(path).await;
    }
    run(&shop, &["pause", "carts-1"]);
    for path in paths {
        soon(&visitor, path).await;
    }
    soon(&visitor, "/").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_payment_hanging_an_order_is_there_or_not_and_never_half() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("unpaid").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let filled_in = visitor.checkout().await;
    run(&shop, &["pause", "payment-1"]);
    let begun = Instant::now();
    let order = visitor.posts("/checkout", &filled_in).await.expect(503);
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    assert_is_a_page("/checkout", &order);
    assert_eq!(visitor.orders().await, Vec::<Value>::new());
    let cart = visitor.cart().await;
    assert_eq!(cart.as_array().map(Vec::len), Some(1), "{cart}");
    // But for the first, which is salted anew for each page.
    assert_eq!(fields(&order.text(), "/checkout")[1..], filled_in[1..]);

    run(&shop, &["resume", "payment-1"]);
    eventually_async("it is paid", async || {
        visitor.posts("/checkout", &filled_in).await.status == 303
    })
    .await;
    assert_eq!(visitor.orders().await.len(), 1);
    run(&shop, &["audit", "--patience", "60s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_nobody_answered_may_be_sent_again_and_is_one_order() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("unheard").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let filled_in = visitor.checkout().await;
    run(&shop, &["pause", "orders-1"]);
    let begun = Instant::now();
    let order = visitor.posts("/checkout", &filled_in).await.expect(503);
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    assert_is_a_page("/checkout", &order);
    assert!(
        order.text().contains("You will not be charged twice"),
        "{order:?}"
    );

    run(&shop, &["resume", "orders-1"]);
    let order = visitor.posts("/checkout", &filled_in).await.expect(303);
    let path = order.header("location").to_owned();
    visitor.page(&path).await.expect(200);
    let again = visitor.posts("/checkout", &filled_in).await.expect(303);
    assert_eq!(again.header("location"), path);
    assert_eq!(visitor.orders().await.len(), 1);
    eventually_async("what was bought leaves the basket", async || {
        visitor.cart().await == json!([])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_killed_is_back_and_no_page_was_blank_meanwhile() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("stubborn").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let services = [
        "catalogue",
        "carts",
        "orders",
        "payment",
        "user",
        "shipping",
        "queue-master",
    ];
    for (number, service) in (1..).zip(services) {
        run(&shop, &["kill", &format!("{service}-1")]);
        for path in [
            "/",
            "/socks",
            "/basket",
            "/checkout",
            "/account",
            "/account/orders",
        ] {
            assert_is_a_page(path, &visitor.page(path).await);
        }
        let key = format!("after {service}");
        eventually_async("the shop sells again", async || {
            let request = visitor.web.request("POST", "/orders");
            let order = Answer::to(request.header("idempotency-key", &key)).await;
            order.status == 201
        })
        .await;
        assert_eq!(visitor.orders().await.len(), number, "{service}");
    }
    let shipped = async || {
        let orders = visitor.orders().await;
        orders.iter().all(|order| order["shipment"].is_object())
    };
    eventually_async("every order has its shipment", shipped).await;
}

#[tokio::test]
async fn with_everybody_away_each_page_still_says_something() {
    let alone = tokio::task::spawn_blocking(|| Served::start("front-end", &[]))
        .await
        .unwrap();
    let visitor = Visitor::at(&alone.url);
    for path in [
        "/",
        "/socks",
        "/socks/1",
        "/basket",
        "/checkout",
        "/sign-in",
        "/register",
        "/about",
    ] {
        let begun = Instant::now();
        let page = visitor.page(path).await;
        assert_is_a_page(path, &page);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{path} waits for the dead"
        );
    }
    for (path, field) in [("/sign-in", "username"), ("/register", "email")] {
        let page = visitor.page(path).await.expect(200).text();
        assert!(
            page.contains(&format!("name=\"{field}\"")),
            "{path}: {page}"
        );
    }
    let typed = [("username", "ada"), ("password", "lovelace1")];
    let refused = visitor
        .submits("/sign-in", "/sign-in", &typed)
        .await
        .expect(503);
    assert!(
        refused.text().contains("value=\"ada\""),
        "what was typed is kept: {refused:?}"
    );
    assert!(!refused.text().contains("lovelace1"), "{refused:?}");
    let list: Value = visitor.web.get("/catalogue").await.expect(503).json();
    assert!(list["message"].is_string(), "{list}");
}
