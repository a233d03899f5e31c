//! What belongs to customers is theirs alone.

use serde_json::{Value, json};

use crate::support::api::Answer;
use crate::support::visitor::{COLOURFUL, Visitor, fields};

#[tokio::test]
async fn nobody_reads_or_removes_what_is_anothers() {
    let owner = Visitor::new();
    let customer = owner.register("owner").await;
    let (address, card) = (owner.saves_address().await, owner.saves_card().await);
    owner.wants(COLOURFUL).await.expect(201);
    let order = owner.buys().await.expect(201).json();
    let order = order["id"].as_str().unwrap();
    let search = format!("/orders/search/customerId?custId={customer}");
    owner.web.get(&format!("/cards/{card}")).await.expect(200);
    owner.web.get(&search).await.expect(200);
    owner
        .page(&format!("/account/orders/{order}"))
        .await
        .expect(200);

    let thief = Visitor::buyer("thief").await;
    for visitor in [&thief, &Visitor::new()] {
        for path in [format!("/orders/{order}"), search.clone()] {
            visitor.web.get(&path).await.expect(404);
        }
        for path in [
            format!("/addresses/{address}"),
            format!("/cards/{card}"),
            format!("/customers/{customer}"),
        ] {
            visitor.web.call("DELETE", &path).await.expect(401);
        }
        let named = visitor.web.get(&format!("/customers/{customer}")).await;
        assert!(!named.text().contains("owner"), "{named:?}");
        let named = visitor.web.get(&format!("/cart?custId={customer}")).await;
        assert_eq!(named.json(), json!([]));
    }
    thief.web.get(&format!("/cards/{card}")).await.expect(404);
    Visitor::new()
        .web
        .get(&format!("/cards/{card}"))
        .await
        .expect(401);
    pages_are_the_owners(&thief, order, &address, &card).await;

    let kept = async |path, kind: &str| {
        let list = owner.web.get(path).await.expect(200).json();
        list["_embedded"][kind][0]["id"].clone()
    };
    assert_eq!(kept("/addresses", "address").await, address);
    assert_eq!(kept("/cards", "card").await, card);
    assert_eq!(owner.username().await.as_deref(), Some("owner"));
}

/// `thief` sees no page about the order, and their own forms, pointed at what
/// is another's, do nothing to it.
async fn pages_are_the_owners(thief: &Visitor, order: &str, address: &str, card: &str) {
    for path in [
        format!("/account/orders/{order}"),
        format!("/account/orders/{order}/events"),
    ] {
        thief.page(&path).await.expect(404);
    }
    let account = thief.page("/account").await.expect(200).text();
    let token = fields(&account, "/sign-out");
    for path in [
        format!("/account/orders/{order}/cancel"),
        format!("/account/addresses/{address}/remove"),
        format!("/account/cards/{card}/remove"),
    ] {
        let answer = thief.posts(&path, &token).await;
        assert!(answer.status < 500, "{path}: {answer:?}");
    }
    thief.wants(COLOURFUL).await.expect(201);
    let stolen = [("address", address), ("card", card)];
    for part in stolen {
        let answer = thief.submits("/checkout", "/checkout", &[part]).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    assert_eq!(thief.orders().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_order_key_buys_once() {
    let visitor = Visitor::buyer("hasty").await;
    visitor.wants(COLOURFUL).await.expect(201);
    let order = async || {
        let request = visitor.web.request("POST", "/orders");
        let answer = Answer::to(request.header("idempotency-key", "the same")).await;
        answer.expect(201).json()["id"].clone()
    };
    let (one, two) = tokio::join!(order(), order());
    assert_eq!(one, two);
    assert_eq!(visitor.orders().await.len(), 1);
}
