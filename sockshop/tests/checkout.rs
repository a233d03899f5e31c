//! What a checkout page promises: the order is for what it shows, or there is none.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::Shop;
use support::visitor::{COLOURFUL, Visitor, fields};

/// The total that a form confirms, in cents.
fn total(form: &[(String, String)]) -> i64 {
    let field = form.iter().find(|(name, _)| name == "total");
    field.unwrap().1.parse().unwrap()
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

/// Cents as the old wire writes an amount.
fn cents(cents: i64) -> Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap()
}
