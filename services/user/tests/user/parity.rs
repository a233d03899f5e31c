//! The same facts over REST and gRPC.

use chassis::testing::get;
use proto::user as pb;
use proto::user::users_client::UsersClient;
use serde_json::{Value, json};
use tonic::Code;

use crate::{EVE, app, card, list, login, refused};

#[tokio::test]
async fn a_customer_is_the_same_in_both_protocols() {
    let app = app().await;
    let mut client = UsersClient::new(app.clone());
    let wish = pb::RegisterRequest {
        username: "ada".into(),
        password: "secret".into(),
        email: "ada@example.org".into(),
        first_name: "Ada".into(),
        last_name: "Moss".into(),
    };
    let ada = client.register(wish).await.unwrap().into_inner();
    let (_, rest) = get(&app, &format!("/customers/{}", ada.id)).await;
    for (key, value) in [
        ("id", &ada.id),
        ("username", &ada.username),
        ("firstName", &ada.first_name),
        ("lastName", &ada.last_name),
    ] {
        assert_eq!(rest[key], **value);
    }
    let sign_in = pb::SignInRequest {
        username: "ada".into(),
        password: "secret".into(),
    };
    assert_eq!(client.sign_in(sign_in).await.unwrap().into_inner(), ada);
    assert_eq!(login(&app, "ada", "secret").await.json()["user"], rest);

    let change = pb::UpdateCustomerRequest {
        id: ada.id.clone(),
        email: String::new(),
        first_name: "A.".into(),
        last_name: "Moss".into(),
    };
    let changed = client.update_customer(change).await.unwrap().into_inner();
    assert_eq!(
        (changed.email.as_str(), changed.username.as_str()),
        ("", "ada")
    );
    let wanted = pb::GetCustomerRequest { id: ada.id.clone() };
    assert_eq!(
        client
            .get_customer(wanted.clone())
            .await
            .unwrap()
            .into_inner(),
        changed
    );
    assert_eq!(
        get(&app, &format!("/customers/{}", ada.id)).await.1["firstName"],
        "A."
    );

    let gone = pb::DeleteCustomerRequest { id: ada.id };
    client.delete_customer(gone).await.unwrap();
    assert_eq!(
        client.get_customer(wanted).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn an_address_is_the_same_in_both_protocols() {
    let app = app().await;
    let mut client = UsersClient::new(app.clone());
    let address = pb::Address {
        id: "ignored".into(),
        number: "12b".into(),
        street: "Mill Lane".into(),
        city: "Leeds".into(),
        postcode: "LS1 1AA".into(),
        country: "UK".into(),
    };
    let new = pb::CreateAddressRequest {
        customer_id: EVE.into(),
        address: Some(address),
    };
    let new = client.create_address(new).await.unwrap().into_inner();
    let (_, rest) = get(&app, &format!("/addresses/{}", new.id)).await;
    for (key, value) in [
        ("id", &new.id),
        ("number", &new.number),
        ("street", &new.street),
        ("city", &new.city),
        ("postcode", &new.postcode),
        ("country", &new.country),
    ] {
        assert_eq!(rest[key], **value);
    }
    let all = pb::ListAddressesRequest {
        customer_id: EVE.into(),
    };
    let all = client
        .list_addresses(all)
        .await
        .unwrap()
        .into_inner()
        .addresses;
    let all: Vec<_> = all.iter().map(|address| address.id.as_str()).collect();
    assert_eq!(all, ["57a98d98e4b00679b4a830ad", &new.id]);
    assert_eq!(
        list(&app, &format!("/customers/{EVE}/addresses"), "address")
            .await
            .len(),
        2
    );
    let gone = pb::DeleteAddressRequest {
        id: new.id.clone(),
        customer_id: EVE.into(),
    };
    client.delete_address(gone).await.unwrap();
    refused(
        &app,
        "GET",
        &format!("/addresses/{}", new.id),
        Value::Null,
        404,
    )
    .await;
}

#[tokio::test]
async fn a_card_is_the_same_in_both_protocols() {
    let app = app().await;
    let mut client = UsersClient::new(app.clone());
    let new = client
        .create_card(card(EVE, "4000 1234 1234 1234"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(new.masked_number, "************1234");
    let (_, rest) = get(&app, &format!("/cards/{}", new.id)).await;
    assert_eq!(
        (&rest["longNum"], &rest["expires"]),
        (&json!(new.masked_number), &json!("11/29"))
    );
    let all = pb::ListCardsRequest {
        customer_id: EVE.into(),
    };
    let all = client.list_cards(all).await.unwrap().into_inner().cards;
    assert_eq!((all.len(), &all[1]), (2, &new));
    let gone = pb::DeleteCardRequest {
        id: new.id.clone(),
        customer_id: String::new(),
    };
    client.delete_card(gone).await.unwrap();
    refused(&app, "GET", &format!("/cards/{}", new.id), Value::Null, 404).await;
}
