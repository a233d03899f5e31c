//! What a checkout page promises: the order is for what it shows, or there is none.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::Shop;
use support::api::Answer;
use support::visitor::{COLOURFUL, Visitor, fields, password};

/// The total that a form confirms, in cents.
fn total(form: &[(String, String)]) -> i64 {
    value(form, "total").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_ordered_for_another_total_than_the_page_showed() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("careful").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let form = visitor.checkout().await;
    visitor.wants(COLOURFUL).await.expect(201);

    let answer = visitor.posts("/checkout", &form).await.expect(422);
    let text = answer.text();
    assert!(text.contains("Nothing is ordered yet"), "{text}");
    assert_eq!(visitor.orders().await, Vec::<Value>::new());
    let form = fields(&text, "/checkout");
    assert!(total(&form) > 3000, "two pairs cost more: {form:?}");

    let order = visitor.posts("/checkout", &form).await.expect(303);
    assert!(order.header("location").starts_with("/account/orders/"));
    let orders = visitor.orders().await;
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0]["total"], json!(cents(total(&form))), "{orders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_basket_is_not_ordered() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("hasty").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let form = visitor.checkout().await;
    visitor.web.call("DELETE", "/cart").await.expect(202);

    let answer = visitor.posts("/checkout", &form).await.expect(303);
    assert_eq!(answer.header("location"), "/basket");
    let text = visitor.page("/basket").await.expect(200).text();
    assert!(text.contains("nothing was ordered"), "{text}");
    assert_eq!(visitor.orders().await, Vec::<Value>::new());
}

/// The id of the order that a page links to.
fn linked_order(page: &str) -> &str {
    let link = page.split("href=\"/account/orders/").nth(1);
    link.and_then(|rest| rest.split('"').next()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_basket_open_in_four_tabs_is_bought_once_with_one_new_card() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url);
    visitor.register("tabby").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let typed = [
        ("number", "12"),
        ("street", "Mill Lane"),
        ("city", "Leeds"),
        ("postcode", "LS1 1AA"),
        ("country", "UK"),
        ("card_number", "4929-5073-1846-2051"),
        ("expires", "11 / 39"),
        ("security_code", "731"),
    ];
    let mut tabs = Vec::new();
    for _ in 0..4 {
        let mut form = visitor.checkout().await;
        for (name, value) in typed {
            form.retain(|(known, _)| known != name);
            form.push((name.to_owned(), value.to_owned()));
        }
        tabs.push(form);
    }
    let keys: HashSet<_> = tabs.iter().map(|form| value(form, "order_key")).collect();
    let revisions: HashSet<_> = tabs.iter().map(|form| value(form, "revision")).collect();
    assert_eq!((keys.len(), revisions.len()), (4, 1));

    let answers = join_all(tabs.iter().map(|form| visitor.posts("/checkout", form))).await;
    let (placed, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 303);
    assert_eq!((placed.len(), told.len()), (1, 3));
    let order = placed[0]
        .header("location")
        .trim_start_matches("/account/orders/");
    for answer in told {
        assert_eq!(answer.status, 409);
        let text = answer.text();
        assert!(text.contains("This basket is bought already"), "{text}");
        assert_eq!(linked_order(&text), order);
    }
    assert_eq!(visitor.orders().await.len(), 1);
    for (path, rel) in [("/addresses", "address"), ("/cards", "card")] {
        let saved = visitor.web.get(path).await.expect(200).json();
        assert_eq!(
            saved["_embedded"][rel].as_array().unwrap().len(),
            1,
            "{saved}"
        );
    }

    // Later, with the basket cleared, a tab that was left open says the same; the one that bought shows its order.
    let mut late = 0;
    for form in &tabs {
        let answer = visitor.posts("/checkout", form).await;
        match answer.status {
            303 => assert!(answer.header("location").ends_with(order)),
            _ => late += usize::from(answer.expect(409).text().contains(order)),
        }
    }
    assert_eq!(late, 3);
    assert_eq!(visitor.orders().await.len(), 1);

    // A new basket of the same socks is another one.
    visitor.wants(COLOURFUL).await.expect(201);
    let form = visitor.checkout().await;
    visitor.posts("/checkout", &form).await.expect(303);
    assert_eq!(visitor.orders().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_json_api_may_name_the_revision_it_means() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url).who_buys("scripted").await;
    assert!(
        visitor
            .web
            .get("/cart")
            .await
            .headers
            .get("cart-revision")
            .is_none()
    );
    visitor.wants(COLOURFUL).await.expect(201);
    let cart = visitor.web.get("/cart").await.expect(200);
    let revision = cart.header("cart-revision").to_owned();
    let buys = async || {
        let request = visitor.web.request("POST", "/orders");
        Answer::to(request.header("cart-revision", &revision)).await
    };
    let order = buys().await.expect(201).json();
    let told = buys().await.expect(409).json();
    assert_eq!(told["order"], order["id"], "{told}");
    assert!(told["message"].as_str().unwrap().contains("bought already"));

    visitor.wants(COLOURFUL).await.expect(201);
    let stale = visitor.web.request("POST", "/orders");
    let stale = Answer::to(stale.header("cart-revision", "0-of-long-ago")).await;
    stale.expect(409);
    visitor.buys().await.expect(201);
    visitor.buys().await.expect(201);
    assert_eq!(
        visitor.orders().await.len(),
        3,
        "without a revision, as often as asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shoppers_type_is_read_as_meant_or_told_beside_its_field() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url);
    visitor.register("typist").await;
    let saves =
        async |typed: &[(&str, &str)]| visitor.submits("/account", "/account/cards", typed).await;
    for (number, expires) in [
        ("4111-1111-1111-1111", "04 / 39"),
        ("4111 1111 1111 1112", "04/ 2039"),
        ("4111\u{a0}1111\u{a0}1111\u{a0}1113", "04-39"),
        ("\u{ff14}111111111111114", "4/2039"),
    ] {
        let typed = [
            ("card_number", number),
            ("expires", expires),
            ("security_code", "123"),
        ];
        saves(&typed).await.expect(303);
    }
    for (field, wrong, words) in [
        ("expires", "08/2219", "Expiry date is too far away"),
        ("expires", "13/39", "Expiry date should look like 04/29"),
        ("expires", "01/20", "Expiry date is over"),
        ("card_number", "4111", "Card number needs 12 to 19 digits"),
        (
            "security_code",
            "12",
            "Security code needs three or four digits",
        ),
    ] {
        let mut typed = vec![
            ("card_number", "4111111111111115"),
            ("expires", "04/39"),
            ("security_code", "123"),
        ];
        typed.retain(|(name, _)| *name != field);
        typed.push((field, wrong));
        let page = saves(&typed).await.expect(422).text();
        assert!(page.contains(words), "{words}: {page}");
    }
    let cards = visitor.web.get("/cards").await.json();
    assert_eq!(
        cards["_embedded"]["card"].as_array().unwrap().len(),
        4,
        "{cards}"
    );
    let absurd = json!({"longNum": "4111111111111115", "expires": "08/2219", "ccv": "123"});
    visitor.web.post("/cards", &absurd).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_one_rule_on_the_page_and_in_json() {
    let shop = Shop::open();
    let account = |name: &str, first: &str| json!({"username": name, "password": "Zo\u{eb} and Zoe\u{308}", "firstName": first});
    for (name, first, status) in [
        (" zo\u{eb} ", " Zoe\u{308} ", 200),
        ("zoe\u{308}", "Another", 409),
        (&*"x".repeat(101), "Long", 400),
        ("long", &*"x".repeat(101), 400),
        ("longest", &*"x".repeat(100), 200),
    ] {
        let visitor = Visitor::at(&shop.url);
        visitor
            .web
            .post("/register", &account(name, first))
            .await
            .expect(status);
    }
    for (name, password) in [
        ("zo\u{eb}", "Zoe\u{308} and Zo\u{eb}"),
        ("zoe\u{308}", "Zo\u{eb} and Zo\u{eb}"),
    ] {
        let visitor = Visitor::at(&shop.url);
        visitor.signs_in(name, password).await.expect(200);
        let customer = visitor.web.get("/customers/x").await.json();
        assert_eq!(
            (&customer["username"], &customer["firstName"]),
            (&json!("zo\u{eb}"), &json!("Zo\u{eb}"))
        );
    }
    let visitor = Visitor::at(&shop.url);
    let typed = [("username", &*"x".repeat(101)), ("password", "a sentence")];
    let page = visitor
        .submits("/register", "/sign-up", &typed)
        .await
        .expect(422)
        .text();
    assert!(
        page.contains("Username must have at most 100 characters"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_line_holds_99_pairs_however_they_came_about() {
    let shop = Shop::open();
    let visitor = Visitor::at(&shop.url);
    let pairs = async || visitor.cart().await[0]["quantity"].clone();
    let adds = [("product", COLOURFUL), ("quantity", "98")];
    for _ in 0..2 {
        visitor
            .submits(&format!("/socks/{COLOURFUL}"), "/basket", &adds)
            .await
            .expect(303);
    }
    assert_eq!(pairs().await, 99);
    let page = visitor.page("/basket").await.text();
    assert!(page.contains("as many as we can pack"), "{page}");
    visitor.wants(COLOURFUL).await.expect(201);
    assert_eq!(pairs().await, 99);
    let update = json!({"id": COLOURFUL, "quantity": 100});
    visitor.web.post("/cart/update", &update).await.expect(400);
    let huge = json!({"id": COLOURFUL, "quantity": 4_294_967_297_u64});
    visitor.web.post("/cart/update", &huge).await.expect(400);

    let customer = Visitor::at(&shop.url);
    customer.register("stocked").await;
    customer.wants(COLOURFUL).await.expect(201);
    let most = json!({"id": COLOURFUL, "quantity": 60});
    customer.web.post("/cart/update", &most).await.expect(202);
    visitor
        .signs_in("stocked", &password("stocked"))
        .await
        .expect(200);
    assert_eq!(pairs().await, 99, "a guest's basket came along");
}

fn value(form: &[(String, String)], name: &str) -> String {
    let field = form.iter().find(|(known, _)| known == name);
    field.unwrap().1.clone()
}

/// Cents as the old wire writes an amount.
fn cents(cents: i64) -> Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap()
}
