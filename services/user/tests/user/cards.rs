//! Cards: accepted whole, kept in part.

use axum::http::StatusCode;
use chassis::testing::call;
use serde_json::{Value, json};

use crate::{NOBODY, app, list, login, made, refused, register};

#[tokio::test]
async fn of_a_card_only_the_last_four_digits_come_back() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let body = json!({"longNum": "0908 4151 9317 1234", "expires": "11/2020", "ccv": "958", "userID": customer});
    let id = made(&app, "/cards", body).await;
    let path = format!("/customers/{customer}/cards");
    let cards = list(&app, &path, "card").await;
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0]["longNum"], "************1234");
    assert_eq!(
        (&cards[0]["expires"], &cards[0]["ccv"]),
        (&json!("11/2020"), &json!("***"))
    );

    let answer = call(&app, "DELETE", &format!("/cards/{id}"), Value::Null).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert_eq!(list(&app, &path, "card").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_refused_card_leaves_nothing_behind_and_harms_nobody() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let good = "4000123412341234";
    for (body, status) in [
        (json!({"longNum": "1", "userID": customer}), 400),
        (json!({"userID": customer}), 400),
        (
            json!({"longNum": 4_000_123_412_341_234_u64, "userID": customer}),
            400,
        ),
        (
            json!({"longNum": good, "expires": "soon", "userID": customer}),
            400,
        ),
        (
            json!({"longNum": good, "ccv": "12345", "userID": customer}),
            400,
        ),
        (json!({"longNum": good, "userID": "xyz"}), 400),
        (json!({"longNum": good, "userID": NOBODY}), 404),
    ] {
        let error = refused(&app, "POST", "/cards", body, status).await;
        assert!(!error.contains("4000"), "{error}");
    }
    assert_eq!(list(&app, "/cards", "card").await.len(), 4);
    assert_eq!(login(&app, "ada", "secret").await.status, StatusCode::OK);
}

#[tokio::test]
async fn cards_have_their_own_order_and_owners() {
    let app = app().await;
    let (ada, bob) = (register(&app, "ada").await, register(&app, "bob").await);
    for (owner, last) in [(&ada, 1), (&bob, 2), (&ada, 3)] {
        let body = json!({"longNum": format!("400012341234000{last}"), "userID": owner});
        made(&app, "/cards", body).await;
    }
    let numbers = async |owner: &str| {
        let cards = list(&app, &format!("/customers/{owner}/cards"), "card").await;
        let ends = cards
            .iter()
            .map(|card| card["longNum"].as_str().unwrap()[15..].to_owned());
        ends.collect::<String>()
    };
    assert_eq!(
        (numbers(&ada).await, numbers(&bob).await),
        ("13".into(), "2".into())
    );
}
