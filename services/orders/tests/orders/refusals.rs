//! What the old wire refuses, and in which words.

use axum::http::StatusCode;
use chassis::testing::{call, get};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Fault, Process, hrefs};

#[tokio::test]
async fn an_incomplete_request_is_not_acceptable() {
    let (_neighbours, process) = Process::alone().await;
    for key in ["customer", "address", "card", "items"] {
        let mut without = hrefs();
        without[key] = Value::Null;
        let mut missing = hrefs();
        missing.as_object_mut().unwrap().remove(key);
        for body in [without, missing] {
            let answer = process.post(body).await;
            assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
            let error = answer.json();
            assert_eq!(
                (&error["status"], &error["path"]),
                (&json!(406), &json!("/orders"))
            );
            assert_eq!(
                error["message"],
                "Invalid order request. Order requires customer, address, card and items."
            );
        }
    }
}

#[tokio::test]
async fn an_unreadable_request_is_a_bad_one() {
    let (_neighbours, process) = Process::alone().await;
    let json = [("content-type", "application/json")];
    for body in ["", "{", "[1]x", "{\"customer\": 7}"] {
        let answer = process.post_with(&json, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.json()["message"].is_string());
    }
    for media_type in ["application/hal+json", "text/plain"] {
        let headers = [("content-type", media_type)];
        let answer = process.post_with(&headers, &hrefs().to_string()).await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{media_type}"
        );
    }
}

#[tokio::test]
async fn an_href_elsewhere_is_refused_and_never_called() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inside = format!(
        "http://{}/customers/{CUSTOMER}",
        listener.local_addr().unwrap()
    );
    let (neighbours, process) = Process::alone().await;
    let own = format!("http://user/customers/{CUSTOMER}?x=1");
    for href in [
        "http://169.254.169.254/x",
        &*inside,
        "/customers/1",
        "nonsense",
        "file:///etc/passwd",
        &*own,
    ] {
        let mut body = hrefs();
        body["customer"] = json!(href);
        let answer = process.post(body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{href}");
    }
    assert_eq!(neighbours.calls("GetCustomer"), 0);
    assert!(process.all().await.is_empty());
    tokio::select! {
        biased;
        _ = listener.accept() => panic!("the service called what it was given"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn what_is_not_the_customers_is_refused() {
    let (_neighbours, process) = Process::alone().await;
    let stranger = "57a98d98e4b00679b4a830ad";
    for (key, href, status) in [
        ("address", format!("http://user/addresses/{stranger}"), 404),
        ("card", format!("http://user/cards/{stranger}"), 404),
        ("items", format!("http://carts/carts/{stranger}/items"), 400),
    ] {
        let mut body = hrefs();
        body[key] = json!(href);
        assert_eq!(process.post(body).await.status.as_u16(), status, "{key}");
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_buyer_in_payments_words() {
    let (neighbours, process) = Process::alone().await;
    neighbours.fill_cart(6, 1800);
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(
        answer.json()["message"],
        "Payment declined: amount exceeds 105.00"
    );
    neighbours.facts().carts.clear();
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(answer.json()["message"], "the cart is empty");

    let (_, found) = get(
        &process.app,
        &format!("/orders/search/customerId?custId={CUSTOMER}"),
    )
    .await;
    assert_eq!(
        found["_embedded"]["customerOrders"],
        json!([]),
        "only orders that stand are shown"
    );
    let declined = process.all().await.remove(0);
    let hidden = call(
        &process.app,
        "GET",
        &format!("/orders/{}", declined.id),
        Value::Null,
    )
    .await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_absent_neighbour_is_unavailable() {
    let (neighbours, process) = Process::alone().await;
    neighbours.fail("Authorise", Fault::Down);
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["status"], 503);
}

#[tokio::test]
async fn nothing_of_the_generic_api_is_left() {
    let (_neighbours, process) = Process::alone().await;
    let id = process.post(hrefs()).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for method in ["DELETE", "PUT", "PATCH"] {
        let answer = call(&process.app, method, &format!("/orders/{id}"), Value::Null).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for path in ["/", "/profile", "/browser", "/env", "/dump"] {
        let answer = call(&process.app, "GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
