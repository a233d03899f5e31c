//! Saving the same address or card twice, as by a double click, keeps one.

use axum::Router;
use proto::user as pb;
use proto::user::users_client::UsersClient;
use serde_json::json;
use tonic::Code;
use user::CardKey;

use crate::{NOBODY, app, card, list, made, register, store};

fn address(customer_id: &str, street: &str) -> pb::CreateAddressRequest {
    pb::CreateAddressRequest {
        customer_id: customer_id.into(),
        address: Some(pb::Address {
            number: "12b".into(),
            street: street.into(),
            city: "Leeds".into(),
            ..Default::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clicks_at_once_save_one_address_and_one_card() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let clicks = (0..8).map(|_| {
        let (mut client, customer) = (UsersClient::new(app.clone()), customer.clone());
        tokio::spawn(async move {
            let address = client.create_address(address(&customer, "Mill Lane")).await;
            let card = client
                .create_card(card(&customer, "4000123412341234"))
                .await;
            let (address, card) = (address.unwrap(), card.unwrap());
            (address.into_inner().id, card.into_inner().id)
        })
    });
    let clicks: Vec<_> = clicks.collect();
    let mut ids = Vec::new();
    for click in clicks {
        ids.push(click.await.unwrap());
    }
    assert!(ids.iter().all(|one| *one == ids[0]), "{ids:?}");
    let owned = |rel: &str| format!("/customers/{customer}/{rel}");
    assert_eq!(list(&app, &owned("addresses"), "address").await.len(), 1);
    assert_eq!(list(&app, &owned("cards"), "card").await.len(), 1);
}

#[tokio::test]
async fn what_differs_is_saved_and_what_only_looks_different_is_not() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    let mut client = UsersClient::new(app.clone());
    for street in ["Caf\u{e9} Lane", " Cafe\u{301} Lane ", "Cafe Lane"] {
        client
            .create_address(address(&customer, street))
            .await
            .unwrap();
    }
    let streets = list(&app, &format!("/customers/{customer}/addresses"), "address").await;
    assert_eq!(streets.len(), 2);
    for (number, expires) in [
        ("4000 1234 1234 1234", "04/39"),
        ("4000-1234-1234-1234", "04 / 2039"),
        ("4000123412341234", "05-39"),
        ("4000123412341235", "05/39"),
    ] {
        let card = pb::CreateCardRequest {
            expires: expires.into(),
            ..card(&customer, number)
        };
        client.create_card(card).await.unwrap();
    }
    let cards = list(&app, &format!("/customers/{customer}/cards"), "card").await;
    let cards: Vec<_> = cards.iter().map(|card| &card["expires"]).collect();
    assert_eq!(cards, ["04/39", "05/39", "05/39"]);
}

#[tokio::test]
async fn clients_of_the_original_get_a_new_id_each_time() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    for _ in 0..2 {
        let street = json!({"street": "Mill Lane", "userID": customer});
        made(&app, "/addresses", street).await;
        let card = json!({"longNum": "4000123412341234", "userID": customer});
        made(&app, "/cards", card).await;
    }
    let owned = |rel: &str| format!("/customers/{customer}/{rel}");
    assert_eq!(list(&app, &owned("addresses"), "address").await.len(), 2);
    assert_eq!(list(&app, &owned("cards"), "card").await.len(), 2);
}

#[tokio::test]
async fn nobody_saves_for_an_unknown_customer() {
    let mut client = UsersClient::new(app().await);
    let refused = client.create_address(address(NOBODY, "x")).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    let refused = client.create_card(card(NOBODY, "4000123412341234")).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_key_tells_cards_with_the_same_last_four_digits_apart() {
    let cards = async |app: Router| {
        let customer = register(&app, "ada").await;
        let mut client = UsersClient::new(app.clone());
        for number in ["4000123412341234", "4999123412341234", "4000123412341234"] {
            client.create_card(card(&customer, number)).await.unwrap();
        }
        let path = format!("/customers/{customer}/cards");
        list(&app, &path, "card").await.len()
    };
    let key = CardKey::read("0123456789abcdef0123456789abcdef").unwrap();
    let keyed = user::app_with(store().await, "user", Some(key));
    assert_eq!((cards(app().await).await, cards(keyed).await), (1, 2));
}

#[tokio::test]
async fn a_card_that_is_over_or_absurd_is_refused_in_words_for_its_field() {
    let app = app().await;
    let customer = register(&app, "ada").await;
    for (expires, words) in [("10/25", "over"), ("08/2219", "far"), ("13/39", "04/29")] {
        let card = pb::CreateCardRequest {
            expires: expires.into(),
            ..card(&customer, "4000123412341234")
        };
        let refused = UsersClient::new(app.clone()).create_card(card).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with("expires "), "{refused:?}");
        assert!(refused.message().contains(words), "{refused:?}");
    }
}
