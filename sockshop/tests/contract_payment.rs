//! The compat checks of the contract's page "payment".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::{Answer, Api};
use support::served::Served;

const PATH: &str = "/paymentAuth";

async fn ask(body: &Value) -> Answer {
    Api::of("payment").post(PATH, body).await
}

fn authorised() -> Value {
    json!({"authorised": true, "message": "Payment authorised"})
}

fn declined(limit: &str) -> Value {
    let message = format!("Payment declined: amount exceeds {limit}");
    json!({"authorised": false, "message": message})
}

#[tokio::test]
async fn check_01_a_small_amount_is_authorised() {
    let answer = ask(&json!({"amount": 10})).await.expect(200);
    assert_eq!(answer.media_type(), "application/json; charset=utf-8");
    assert_eq!(answer.json(), authorised());
}

#[tokio::test]
async fn check_02_the_limit_itself_passes_and_a_cent_more_does_not() {
    let at = ask(&json!({"amount": 105})).await.expect(200);
    assert_eq!(at.json(), authorised());
    let above = ask(&json!({"amount": 105.01})).await.expect(200);
    assert_eq!(above.json(), declined("105.00"));
}

#[tokio::test]
async fn check_03_the_key_is_read_in_any_letter_case() {
    for body in [json!({"Amount": 40}), json!({"AMOUNT": 40})] {
        assert_eq!(ask(&body).await.expect(200).json(), authorised());
    }
}

#[tokio::test]
async fn check_04_without_an_amount_the_error_repeats_no_card() {
    let card = json!({"longNum": "4000123412341234", "ccv": "987"});
    for body in [
        json!({}),
        json!({"card": card}),
        json!({"amount": null, "card": card}),
        json!({"amount": 0, "card": card}),
        json!({"amount": "4000123412341234", "card": card}),
    ] {
        let answer = ask(&body).await.expect(400);
        answer.assert_go_error();
        assert!(
            !answer.text().contains("4000123412341234"),
            "{}",
            answer.text()
        );
        assert!(!answer.text().contains("987"), "{}", answer.text());
    }
}

#[tokio::test]
async fn check_05_a_negative_amount_is_named_as_such() {
    let answer = ask(&json!({"amount": -1})).await.expect(400);
    answer.assert_go_error();
    assert_eq!(answer.json()["error"], "Invalid payment amount");
}

#[tokio::test]
async fn check_06_what_is_no_json_is_refused_in_json() {
    for body in ["{", "", "[]", "null", "40"] {
        let answer = Api::of("payment")
            .post_raw(PATH, "application/json", body)
            .await;
        answer.expect(400).assert_go_error();
    }
}

#[tokio::test]
async fn check_07_address_card_and_customer_change_nothing() {
    for (amount, verdict) in [(10, authorised()), (106, declined("105.00"))] {
        let long = json!({
            "address": {"id": null, "number": "246", "street": "Whitelees Road", "city": "Glasgow",
                        "postcode": "G67 3DL", "country": "United Kingdom"},
            "card": {"id": null, "longNum": "5544154011345918", "expires": "08/19", "ccv": "958"},
            "customer": {"id": null, "firstName": "User", "lastName": "Name", "username": "user",
                         "addresses": [], "cards": []},
            "amount": amount,
        });
        for body in [json!({"amount": amount}), long] {
            assert_eq!(ask(&body).await.expect(200).json(), verdict);
        }
    }
}

#[tokio::test]
async fn check_08_nothing_is_read_there_and_the_health_names_the_service() {
    let payment = Api::of("payment");
    let answer = payment.get(PATH).await.expect(404);
    assert_eq!(answer.text(), "404 page not found\n");
    payment
        .get("/health")
        .await
        .assert_healthy(&["payment"], "time");
}

#[tokio::test]
async fn check_09_the_limit_can_be_chosen() {
    let payment = Served::start("payment", &[("PAYMENT_LIMIT", "200")]);
    let api = Api::at(&payment.url);
    let ask = async |amount| api.post(PATH, &json!({"amount": amount})).await.expect(200);
    assert_eq!(ask(200).await.json(), authorised());
    assert_eq!(ask(201).await.json(), declined("200.00"));
}
