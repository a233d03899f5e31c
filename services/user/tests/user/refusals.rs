//! What gRPC refuses, and that REST refuses it in the same words.

use proto::user as pb;
use proto::user::users_client::UsersClient;
use serde_json::json;
use tonic::Code;

use crate::{EVE, NOBODY, USER, app, card, login, made, refused, register};

#[tokio::test]
async fn what_is_somebody_elses_is_not_found() {
    let mut client = UsersClient::new(app().await);
    let (address, card) = ("57a98d98e4b00679b4a830ad", "57a98d98e4b00679b4a830ae");
    for (owner, theirs) in [("", true), (EVE, true), (USER, false)] {
        let customer_id = owner.to_owned();
        let wanted = pb::GetAddressRequest {
            id: address.into(),
            customer_id: customer_id.clone(),
        };
        assert_eq!(client.get_address(wanted).await.is_ok(), theirs);
        let wanted = pb::GetCardRequest {
            id: card.into(),
            customer_id,
        };
        assert_eq!(client.get_card(wanted).await.is_ok(), theirs);
    }
    let customer_id = USER.to_owned();
    let gone = pb::DeleteAddressRequest {
        id: address.into(),
        customer_id: customer_id.clone(),
    };
    assert_eq!(
        client.delete_address(gone).await.unwrap_err().code(),
        Code::NotFound
    );
    let gone = pb::DeleteCardRequest {
        id: card.into(),
        customer_id,
    };
    assert_eq!(
        client.delete_card(gone).await.unwrap_err().code(),
        Code::NotFound
    );
    let all = pb::ListCardsRequest {
        customer_id: EVE.into(),
    };
    assert_eq!(
        client
            .list_cards(all)
            .await
            .unwrap()
            .into_inner()
            .cards
            .len(),
        1
    );
}

#[tokio::test]
async fn bad_requests_are_worded_alike_in_both_protocols() {
    let app = app().await;
    register(&app, "ada").await;
    let good = "4000123412341234";
    for (customer, number, rest, grpc) in [
        ("xyz", good, 400, Code::InvalidArgument),
        (NOBODY, good, 404, Code::NotFound),
        (EVE, "1", 400, Code::InvalidArgument),
    ] {
        let body = json!({"longNum": number, "userID": customer, "expires": "11/29", "ccv": "123"});
        let words = refused(&app, "POST", "/cards", body, rest).await;
        let error = UsersClient::new(app.clone())
            .create_card(card(customer, number))
            .await;
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.message()), (grpc, words.as_str()));
    }
    for (username, password, rest, grpc) in [
        ("ada", "p", 409, Code::AlreadyExists),
        ("", "p", 400, Code::InvalidArgument),
        ("bob", "", 400, Code::InvalidArgument),
    ] {
        let body = json!({"username": username, "password": password});
        let words = refused(&app, "POST", "/register", body, rest).await;
        let wish = pb::RegisterRequest {
            username: username.into(),
            password: password.into(),
            ..Default::default()
        };
        let error = UsersClient::new(app.clone())
            .register(wish)
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.message()), (grpc, words.as_str()));
    }
}

#[tokio::test]
async fn lists_of_unknown_customers_are_not_found() {
    let mut client = UsersClient::new(app().await);
    for (id, code) in [(NOBODY, Code::NotFound), ("xyz", Code::InvalidArgument)] {
        let customer_id = id.to_owned();
        let all = pb::ListCardsRequest {
            customer_id: customer_id.clone(),
        };
        assert_eq!(client.list_cards(all).await.unwrap_err().code(), code);
        let all = pb::ListAddressesRequest { customer_id };
        assert_eq!(client.list_addresses(all).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn both_protocols_share_one_memory_of_failures() {
    let app = app().await;
    let mut client = UsersClient::new(app.clone());
    let guess = pb::SignInRequest {
        username: "user1".into(),
        password: "guess".into(),
    };
    for _ in 0..5 {
        assert_eq!(login(&app, "user1", "guess").await.status, 401);
        let error = client.sign_in(guess.clone()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
    }
    let error = client.sign_in(guess).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    let id = made(
        &app,
        "/register",
        json!({"username": "ada", "password": "p"}),
    )
    .await;
    assert_eq!(login(&app, "ada", "p").await.json()["user"]["id"], id);
}
