//! The contract page's compat checks, and the shape of what the old wire says.

use axum::http::StatusCode;
use chassis::testing::{call, get};
use serde_json::{Value, json};

use crate::{EVE, NOBODY, USER, app, list, login, refused};

#[tokio::test]
async fn a_customer_looks_the_way_old_clients_expect() {
    let app = app().await;
    let answer = call(&app, "GET", &format!("/customers/{EVE}"), Value::Null).await;
    assert_eq!(answer.header("content-type"), "application/hal+json");
    assert!(answer.text().ends_with("}\n"));
    let here = format!("http://user/customers/{EVE}");
    let expected = json!({
        "firstName": "Eve", "lastName": "Berger", "username": "Eve_Berger", "id": EVE,
        "_links": {
            "addresses": {"href": format!("{here}/addresses")},
            "cards": {"href": format!("{here}/cards")},
            "customer": {"href": here},
            "self": {"href": here},
        },
    });
    assert_eq!(answer.json(), expected);
    let signed_in = login(&app, "Eve_Berger", "eve").await;
    assert_eq!(signed_in.status, StatusCode::OK);
    assert_eq!(signed_in.header("content-type"), "application/hal+json");
    assert_eq!(signed_in.json(), json!({"user": expected}));
}

#[tokio::test]
async fn links_point_to_the_configured_host() {
    let app = user::app(crate::store().await, "user.shop:81");
    let (_, customer) = get(&app, &format!("/customers/{USER}")).await;
    let href = format!("http://user.shop:81/customers/{USER}");
    assert_eq!(customer["_links"]["self"]["href"], href);
}

#[tokio::test]
async fn lists_come_in_storage_order_and_keep_secrets() {
    let app = app().await;
    let customers = list(&app, "/customers", "customer").await;
    let names: Vec<_> = customers.iter().map(|one| &one["username"]).collect();
    assert_eq!(names, ["Eve_Berger", "user", "user1"]);
    let text = json!(customers).to_string().to_lowercase();
    assert!(
        !["password", "salt", "email", "argon2"]
            .iter()
            .any(|word| text.contains(word))
    );
    assert_eq!(list(&app, "/customers/", "customer").await, customers);

    assert_eq!(list(&app, "/addresses", "address").await.len(), 4);
    let cards = list(&app, "/cards", "card").await;
    let numbers: Vec<_> = cards.iter().map(|card| &card["longNum"]).collect();
    let expected = [
        "************9678",
        "************5918",
        "************5205",
        "*********5432",
    ];
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn the_first_customers_have_an_address_and_a_card() {
    let app = app().await;
    let addresses = list(&app, &format!("/customers/{USER}/addresses"), "address").await;
    let here = "http://user/addresses/57a98d98e4b00679b4a830b0";
    let expected = json!([{
        "street": "Whitelees Road", "number": "246", "country": "United Kingdom", "city": "Glasgow",
        "postcode": "G67 3DL", "id": "57a98d98e4b00679b4a830b0",
        "_links": {"address": {"href": here}, "self": {"href": here}},
    }]);
    assert_eq!(json!(addresses), expected);
    let cards = list(&app, &format!("/customers/{USER}/cards"), "card").await;
    let here = "http://user/cards/57a98d98e4b00679b4a830b1";
    let expected = json!([{
        "longNum": "************5918", "expires": "08/19", "ccv": "***", "id": "57a98d98e4b00679b4a830b1",
        "_links": {"card": {"href": here}, "self": {"href": here}},
    }]);
    assert_eq!(json!(cards), expected);
    let (_, nobodys) = get(&app, "/addresses/57a98ddce4b00679b4a830d1").await;
    assert_eq!(nobodys["postcode"], "");
}

#[tokio::test]
async fn customer_look_ups_fail_with_500_as_ever() {
    let app = app().await;
    for part in ["", "/cards", "/addresses"] {
        for (id, words) in [("xyz", "Invalid Id Hex"), (NOBODY, "not found")] {
            let path = format!("/customers/{id}{part}");
            assert_eq!(refused(&app, "GET", &path, Value::Null, 500).await, words);
        }
    }
}

#[tokio::test]
async fn other_look_ups_tell_malformed_ids_from_unknown_ones() {
    let app = app().await;
    for entity in ["addresses", "cards", "customers"] {
        for method in ["GET", "DELETE"] {
            if (entity, method) == ("customers", "GET") {
                continue;
            }
            refused(&app, method, &format!("/{entity}/xyz"), Value::Null, 400).await;
            refused(
                &app,
                method,
                &format!("/{entity}/{NOBODY}"),
                Value::Null,
                404,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn what_a_path_holds_beyond_the_id_is_ignored() {
    let app = app().await;
    let card = "/cards/57a98d98e4b00679b4a830b1";
    for (path, same) in [
        (card.to_owned(), format!("{card}/x/y")),
        (format!("/customers/{USER}"), format!("/customers/{USER}/")),
        (format!("/customers/{USER}"), format!("/customers/{USER}/x")),
        (
            format!("/customers/{USER}/cards"),
            format!("/customers/{USER}/cards/x"),
        ),
        (
            format!("/customers/{USER}"),
            format!("/customers/{}", USER.to_uppercase()),
        ),
    ] {
        assert_eq!(get(&app, &path).await, get(&app, &same).await, "{same}");
    }
}

#[tokio::test]
async fn unknown_paths_are_no_pages() {
    let app = app().await;
    for (method, path) in [
        ("GET", "/customersX"),
        ("GET", "/"),
        ("PUT", "/customers"),
        ("DELETE", "/login"),
        ("DELETE", &format!("/users/{EVE}")),
    ] {
        let answer = call(&app, method, path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.text(), "404 page not found\n");
    }
}

#[tokio::test]
async fn health_names_the_service_and_its_database() {
    let app = app().await;
    let (status, body) = get(&app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    let entries = body["health"].as_array().unwrap();
    let entries: Vec<_> = entries
        .iter()
        .map(|one| (&one["service"], &one["status"]))
        .collect();
    assert_eq!(json!(entries), json!([["user", "OK"], ["user-db", "OK"]]));
}

#[tokio::test]
async fn requests_are_counted_under_the_original_names() {
    let metrics = chassis::metrics::start().unwrap();
    get(&app().await, "/cards").await;
    let text = metrics.render();
    for line in [
        r#"microservices_demo_user_request_count{method="getCards"} "#,
        r#"microservices_demo_user_request_latency_seconds_count{method="getCards"} "#,
        r#"microservices_demo_user_request_latency_seconds{method="getCards",quantile="#,
        r#"microservices_demo_user_request_latency_microseconds_sum{method="getCards"} "#,
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn openapi_lists_every_path_of_the_contract() {
    let (status, api) = get(&app().await, "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    for (path, methods) in [
        ("/login", ["get"].as_slice()),
        ("/register", &["post"]),
        ("/customers", &["get", "post"]),
        ("/customers/{id}", &["delete", "get"]),
        ("/customers/{id}/addresses", &["get"]),
        ("/customers/{id}/cards", &["get"]),
        ("/addresses", &["get", "post"]),
        ("/addresses/{id}", &["delete", "get"]),
        ("/cards", &["get", "post"]),
        ("/cards/{id}", &["delete", "get"]),
    ] {
        let found = api["paths"][path].as_object().unwrap();
        let found: Vec<_> = found.keys().collect();
        assert_eq!(found, methods, "{path}");
    }
    let schema = &api["components"]["schemas"]["NewUser"]["properties"];
    assert!(schema["firstName"].is_object(), "{schema}");
}
