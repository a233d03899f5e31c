//! Addresses, and what happens to them when their customer goes.

use chassis::testing::{call, get};
use serde_json::{Value, json};

use crate::{NOBODY, app, list, made, refused, register};

#[tokio::test]
async fn an_address_is_added_shown_and_removed() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let path = format!("/customers/{customer}/addresses");
    assert_eq!(list(&app, &path, "address").await, Vec::<Value>::new());

    let body = json!({"street": "Mill Lane", "number": "12b", "userID": customer, "id": NOBODY,
                      "_links": {"self": {"href": "x"}}});
    let id = made(&app, "/addresses", body).await;
    let addresses = list(&app, &path, "address").await;
    assert_eq!(addresses.len(), 1);
    assert_eq!(
        (&addresses[0]["id"], &addresses[0]["number"]),
        (&json!(id), &json!("12b"))
    );
    assert_eq!(addresses[0]["country"], "");
    assert_eq!(get(&app, &format!("/addresses/{id}")).await.1, addresses[0]);

    let answer = call(&app, "DELETE", &format!("/addresses/{id}"), Value::Null).await;
    assert_eq!(answer.text(), "{\"status\":true}\n");
    assert_eq!(list(&app, &path, "address").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_oldest_address_comes_first() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let body = json!({"number": number.to_string(), "userID": customer});
        ids.push(made(&app, "/addresses", body).await);
    }
    let listed = list(&app, &format!("/customers/{customer}/addresses"), "address").await;
    let listed: Vec<_> = listed
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn an_address_without_a_customer_is_nobodys() {
    let app = app().await;
    let id = made(
        &app,
        "/addresses",
        json!({"street": "Mill Lane", "userID": ""}),
    )
    .await;
    assert_eq!(
        get(&app, &format!("/addresses/{id}")).await.1["street"],
        "Mill Lane"
    );
    assert_eq!(list(&app, "/addresses", "address").await.len(), 5);
}

#[tokio::test]
async fn a_refused_address_leaves_nothing_behind() {
    let app = app().await;
    for (body, status) in [
        (json!({"number": 5}), 400),
        (json!({"street": "x".repeat(101)}), 400),
        (json!({"street": "x", "userID": "xyz"}), 400),
        (json!({"street": "x", "userID": NOBODY}), 404),
    ] {
        refused(&app, "POST", "/addresses", body, status).await;
    }
    assert_eq!(list(&app, "/addresses", "address").await.len(), 4);
}

#[tokio::test]
async fn lists_are_bounded() {
    let store = crate::store().await;
    for number in 0..=user::store::LONGEST_LIST {
        let address = user::Address {
            id: format!("{number:024x}"),
            number: number.to_string(),
            street: String::new(),
            city: String::new(),
            postcode: String::new(),
            country: String::new(),
        };
        store.create_address(&address, None).await.unwrap();
    }
    let app = user::app(store, "user");
    assert_eq!(list(&app, "/addresses", "address").await.len(), 1000);
}

#[tokio::test]
async fn a_customer_goes_with_addresses_and_cards() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let address = made(&app, "/addresses", json!({"userID": customer})).await;
    let card = json!({"longNum": "4000123412341234", "userID": customer});
    let card = made(&app, "/cards", card).await;

    let path = format!("/customers/{customer}");
    let answer = call(&app, "DELETE", &path, Value::Null).await;
    assert_eq!(answer.json(), json!({"status": true}));
    refused(
        &app,
        "GET",
        &format!("/addresses/{address}"),
        Value::Null,
        404,
    )
    .await;
    refused(&app, "GET", &format!("/cards/{card}"), Value::Null, 404).await;
    refused(&app, "GET", &path, Value::Null, 500).await;
    refused(&app, "DELETE", &path, Value::Null, 404).await;
}
