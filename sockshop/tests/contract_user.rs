//! The compat checks of the contract's page "user".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::{Answer, Api, keys};

const USER: &str = "/customers/57a98d98e4b00679b4a830b2";

fn user() -> Api {
    Api::of("user")
}

async fn json_of(path: &str) -> Value {
    user().get(path).await.expect(200).json()
}

async fn login(name: &str, password: &str) -> Answer {
    let request = user().request("GET", "/login");
    Answer::to(request.basic_auth(name, Some(password))).await
}

/// Opens an account with the password `p` and returns its id.
async fn register(name: &str) -> String {
    let wish = json!({"username": name, "password": "p"});
    made(user().post("/register", &wish).await)
}

/// The id in the answer to a `POST`.
#[track_caller]
fn made(answer: Answer) -> String {
    let answer = answer.expect(200).json();
    let id = answer["id"].as_str().unwrap();
    assert!(
        id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(answer, json!({"id": id}));
    id.to_owned()
}

async fn post_address(owner: &str) -> String {
    let address = json!({"street": "Mill Lane", "number": "12b", "country": "UK", "city": "Leeds",
                         "postcode": "LS1 1AA", "userID": owner});
    made(user().post("/addresses", &address).await)
}

async fn post_card(owner: &str) -> String {
    let card =
        json!({"longNum": "4000123412341234", "expires": "11/2029", "ccv": "123", "userID": owner});
    made(user().post("/cards", &card).await)
}

async fn addresses(customer: &str) -> Value {
    let path = format!("/customers/{customer}/addresses");
    json_of(&path).await["_embedded"]["address"].clone()
}

fn unauthorised() -> Value {
    json!({"error": "Unauthorized", "status_code": 401, "status_text": "Unauthorized"})
}

#[tokio::test]
async fn check_01_a_seed_customer_signs_in_and_gets_links() {
    let answer = login("Eve_Berger", "eve").await.expect(200);
    assert_eq!(answer.media_type(), "application/hal+json");
    let json = answer.json();
    let customer = &json["user"];
    assert_eq!(customer["id"], "57a98d98e4b00679b4a830af");
    let links = &customer["_links"];
    assert_eq!(
        links["self"]["href"],
        "http://user/customers/57a98d98e4b00679b4a830af"
    );
    assert_eq!(links["self"]["href"], links["customer"]["href"]);
}

#[tokio::test]
async fn check_02_a_wrong_password_and_none_are_refused_alike() {
    register("refused").await;
    for answer in [
        login("refused", "wrong").await,
        login("refused", "").await,
        login("Refused", "p").await,
        login("nobody at all", "p").await,
        user().get("/login").await,
    ] {
        let answer = answer.expect(401);
        assert_eq!(answer.json(), unauthorised());
        assert_eq!(answer.header("www-authenticate"), "");
    }
}

#[tokio::test]
async fn check_03_who_registers_can_sign_in_and_nobody_else_takes_the_name() {
    let id = register("t1").await;
    let signed_in = login("t1", "p").await.expect(200).json();
    assert_eq!(signed_in["user"]["id"], id);

    let wish = json!({"username": "t1", "password": "other"});
    let taken = user().post("/register", &wish).await.expect(409);
    taken.assert_go_error();
    assert_eq!(taken.json()["error"], "username already exists");
    login("t1", "other").await.expect(401);
}

#[tokio::test]
async fn check_04_the_customers_are_listed_without_their_secrets() {
    let wish = json!({"username": "secretive", "password": "p", "email": "s@example.org"});
    made(user().post("/register", &wish).await);
    let list = json_of("/customers").await;
    let customers = list["_embedded"]["customer"].as_array().unwrap();
    assert!(customers.len() >= 4, "{list}");
    assert_eq!(list.as_object().unwrap().len(), 1, "{list}");
    for key in keys(&list) {
        let key = key.to_lowercase();
        let secret = ["password", "salt", "email"]
            .iter()
            .any(|word| key.contains(word));
        assert!(!secret, "{key}");
    }
    assert!(!list.to_string().contains("s@example.org"));
}

#[tokio::test]
async fn check_05_a_customer_is_shown_with_four_links() {
    let customer = json_of(USER).await;
    assert_eq!(customer["firstName"], "User");
    let links = customer["_links"].as_object().unwrap();
    let mut names: Vec<&String> = links.keys().collect();
    names.sort();
    assert_eq!(names, ["addresses", "cards", "customer", "self"]);
    assert_eq!(
        links["addresses"]["href"],
        format!("http://user{USER}/addresses")
    );
}

#[tokio::test]
async fn check_06_the_number_of_a_house_is_a_text() {
    let list = json_of(&format!("{USER}/addresses")).await;
    let addresses = list["_embedded"]["address"].as_array().unwrap();
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0]["number"], json!("246"));
    assert_eq!(addresses[0]["id"], "57a98d98e4b00679b4a830b0");
}

#[tokio::test]
async fn check_07_a_card_shows_its_last_four_digits_and_no_more() {
    let list = json_of(&format!("{USER}/cards")).await;
    let cards = list["_embedded"]["card"].as_array().unwrap();
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0]["longNum"], "************5918");
    assert_eq!(cards[0]["expires"], "08/19");
    assert!(cards[0]["ccv"].is_string() && cards[0]["ccv"] != "958");
}

#[tokio::test]
async fn check_08_what_is_unset_is_an_empty_text() {
    let address = json_of("/addresses/57a98ddce4b00679b4a830d1").await;
    assert_eq!(address["postcode"], json!(""));
    assert_eq!(address["street"], "my road");
}

#[tokio::test]
async fn check_09_and_11_an_address_can_be_added_and_removed() {
    let customer = register("movable").await;
    assert_eq!(addresses(&customer).await, json!([]));
    let id = post_address(&customer).await;
    let listed = addresses(&customer).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed[0]["id"], &listed[0]["number"]),
        (&json!(id), &json!("12b"))
    );

    let path = format!("/addresses/{id}");
    let removed = user().call("DELETE", &path).await.expect(200);
    assert_eq!(removed.json(), json!({"status": true}));
    assert_eq!(addresses(&customer).await, json!([]));
    user().get(&path).await.expect(404).assert_go_error();
}

#[tokio::test]
async fn check_10_a_card_that_is_none_is_refused_and_harms_nobody() {
    let customer = register("careless").await;
    let card = json!({"longNum": "1", "userID": customer});
    user()
        .post("/cards", &card)
        .await
        .expect(400)
        .assert_go_error();
    let cards = json_of(&format!("/customers/{customer}/cards")).await;
    assert_eq!(cards, json!({"_embedded": {"card": []}}));
    login("careless", "p").await.expect(200);
}

#[tokio::test]
async fn check_12_whoever_leaves_takes_cards_and_addresses_along() {
    let customer = register("leaver").await;
    let address = format!("/addresses/{}", post_address(&customer).await);
    let card = format!("/cards/{}", post_card(&customer).await);
    for path in [&address, &card] {
        user().get(path).await.expect(200);
    }
    let path = format!("/customers/{customer}");
    let removed = user().call("DELETE", &path).await.expect(200);
    assert_eq!(removed.json(), json!({"status": true}));
    for path in [&address, &card] {
        user().get(path).await.expect(404).assert_go_error();
    }
    let again = user().call("DELETE", &path).await.expect(404);
    again.assert_go_error();
    login("leaver", "p").await.expect(401);
}

#[tokio::test]
async fn check_13_an_id_that_is_none_is_a_500_where_the_front_end_needs_it() {
    for path in [
        "/customers/xyz",
        "/customers/xyz/cards",
        "/customers/xyz/addresses",
    ] {
        let answer = user().get(path).await.expect(500);
        answer.assert_go_error();
        assert_eq!(answer.json()["error"], "Invalid Id Hex");
        let unknown = path.replace("xyz", "57a98d98e4b00679b4a83fff");
        let answer = user().get(&unknown).await.expect(500);
        assert_eq!(answer.json()["error"], "not found");
    }
    for path in ["/cards/xyz", "/addresses/xyz"] {
        user().get(path).await.expect(400).assert_go_error();
    }
}

#[tokio::test]
async fn check_14_the_metrics_count_by_the_originals_names() {
    let _ = login("user", "password").await.expect(200);
    register("counted").await;
    let metrics = user().get("/metrics").await.expect(200).text();
    let name = "microservices_demo_user_request_count{";
    for method in [r#"method="login""#, r#"method="register""#] {
        let counted = |line: &str| line.starts_with(name) && line.contains(method);
        assert!(metrics.lines().any(counted), "{method}: {metrics}");
    }
}

#[tokio::test]
async fn the_health_names_the_service_and_its_database() {
    let answer = user().get("/health").await;
    answer.assert_healthy(&["user", "user-db"], "time");
}
