//! The two faces: the original's wire to the letter, and the shop's own API
//! telling the same.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::testing::{call, get, send};
use proto::orders as pb;
use serde_json::{Value, json};

use crate::support::{ADDRESS, CARD, CUSTOMER, Neighbours, Process, SOCK, hrefs, refusal};

async fn process() -> (Neighbours, Process) {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    (neighbours, process)
}

/// Sends `POST /orders` with more headers.
async fn post_with(
    process: &Process,
    headers: &[(&str, &str)],
    body: &str,
) -> chassis::testing::Answer {
    let request = Request::post("/orders");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    send(
        &process.app,
        request.body(Body::from(body.to_owned())).unwrap(),
    )
    .await
}

fn is_date(date: &Value) -> bool {
    let shape: String = date
        .as_str()
        .unwrap()
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000+0000"
}

#[tokio::test]
async fn a_posted_order_has_ids_where_the_original_had_them() {
    let (_neighbours, process) = process().await;
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    let mut order = answer.json();
    assert!(chassis::ids::is_id(order["id"].take().as_str().unwrap()));
    assert!(is_date(&order["date"].take()));
    assert!(uuid::Uuid::parse_str(order["shipment"]["id"].take().as_str().unwrap()).is_ok());
    let expected = json!({
        "id": null, "customerId": CUSTOMER,
        "customer": {"id": null, "firstName": "User", "lastName": "Name", "username": "user", "addresses": [], "cards": []},
        "address": {"id": null, "number": "246", "street": "Whitelees Road", "city": "Glasgow", "postcode": "G67 3DL", "country": "United Kingdom"},
        "card": {"id": null, "longNum": "************5918", "expires": "08/19", "ccv": "***"},
        "items": [{"id": "65f1c0de4b2a9d0007a1b2c3", "itemId": SOCK, "quantity": 3, "unitPrice": 18}],
        "shipment": {"id": null, "name": CUSTOMER}, "date": null, "total": 58.99,
    });
    assert_eq!(order, expected);
}

#[tokio::test]
async fn a_read_order_has_links_and_no_ids_at_all() {
    let (_neighbours, process) = process().await;
    let id = process.post(hrefs()).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = Request::get(format!("/orders/{id}")).header("host", "orders:8080");
    let answer = send(&process.app, request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "application/hal+json;charset=UTF-8"
    );
    assert!(!answer.text().contains("\"id\""), "{}", answer.text());
    let href = format!("http://orders:8080/orders/{id}");
    let order = answer.json();
    assert_eq!(
        order["_links"],
        json!({"self": {"href": href}, "order": {"href": href}})
    );
    assert_eq!(
        (&order["total"], &order["card"]["ccv"]),
        (&json!(58.99), &json!("***"))
    );

    let missing = call(
        &process.app,
        "GET",
        "/orders/57a98d98e4b00679b4a830b9",
        Value::Null,
    )
    .await;
    assert_eq!(
        (missing.status, missing.text()),
        (StatusCode::NOT_FOUND, String::new())
    );
}

#[tokio::test]
async fn the_cart_is_left_alone() {
    let (neighbours, process) = process().await;
    process.post(hrefs()).await;
    process.relay().await;
    assert_eq!(neighbours.facts().shipments.len(), 1);
    assert_eq!(neighbours.facts().carts[CUSTOMER].len(), 1);
}

#[tokio::test]
async fn a_caller_that_wants_hal_gets_it() {
    let (_neighbours, process) = process().await;
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/hal+json"),
    ];
    let answer = post_with(&process, &headers, &hrefs().to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        answer.header("content-type"),
        "application/hal+json;charset=UTF-8"
    );
    assert!(answer.json().get("_links").is_none());
}

#[tokio::test]
async fn an_idempotency_key_is_honoured() {
    let (neighbours, process) = process().await;
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k1"),
    ];
    let first = post_with(&process, &headers, &hrefs().to_string()).await;
    let second = post_with(&process, &headers, &hrefs().to_string()).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.json(), second.json());
    assert_eq!(neighbours.facts().authorisations.len(), 1);
    let endless = "k".repeat(201);
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", &*endless),
    ];
    let answer = post_with(&process, &headers, &hrefs().to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_incomplete_request_is_not_acceptable() {
    let (_neighbours, process) = process().await;
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
    let (_neighbours, process) = process().await;
    let json = [("content-type", "application/json")];
    for body in ["", "{", "[1]x", "{\"customer\": 7}"] {
        let answer = post_with(&process, &json, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.json()["message"].is_string());
    }
    for media_type in ["application/hal+json", "text/plain"] {
        let headers = [("content-type", media_type)];
        let answer = post_with(&process, &headers, &hrefs().to_string()).await;
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
    let (neighbours, process) = process().await;
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
    let (_neighbours, process) = process().await;
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
    let (neighbours, process) = process().await;
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
    let (neighbours, process) = process().await;
    neighbours.fail("Authorise", crate::support::Fault::Down);
    let answer = process.post(hrefs()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["status"], 503);
}

#[tokio::test]
async fn a_search_finds_a_customers_orders_the_newest_last() {
    let (_neighbours, process) = process().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(
            process.post(hrefs()).await.json()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let path = format!("/orders/search/customerId?sort=date&custId={CUSTOMER}");
    let (status, found) = get(&process.app, &path).await;
    assert_eq!(status, StatusCode::OK);
    let orders = found["_embedded"]["customerOrders"].as_array().unwrap();
    let hrefs = orders
        .iter()
        .map(|order| order["_links"]["self"]["href"].as_str().unwrap());
    let found_ids: Vec<_> = hrefs
        .map(|href| href.rsplit('/').next().unwrap().to_owned())
        .collect();
    let mut sorted = (found_ids.clone(), ids.clone());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    let dates: Vec<_> = orders
        .iter()
        .map(|order| order["date"].as_str().unwrap())
        .collect();
    assert!(dates.is_sorted());
    assert_eq!(
        found["_links"]["self"]["href"],
        format!("http://orders{path}")
    );

    for path in [
        "/orders/search/customerId?custId=nobody",
        "/orders/search/customerId",
    ] {
        let (status, found) = get(&process.app, path).await;
        assert_eq!(
            (status, &found["_embedded"]["customerOrders"]),
            (StatusCode::OK, &json!([]))
        );
    }
}

#[tokio::test]
async fn all_orders_are_shown_by_page() {
    let (neighbours, process) = process().await;
    let (_, empty) = get(&process.app, "/orders").await;
    assert_eq!(
        empty,
        json!({"_embedded": {"customerOrders": []},
            "_links": {"self": {"href": "http://orders/orders"}, "profile": {"href": "http://orders/profile/orders"},
                "search": {"href": "http://orders/orders/search"}},
            "page": {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0}})
    );
    for quantity in [2, 3, 1] {
        neighbours.fill_cart(quantity, 1800);
        process.post(hrefs()).await;
    }
    let totals = async |query: &str| {
        let (_, page) = get(&process.app, &format!("/orders?{query}")).await;
        let orders = page["_embedded"]["customerOrders"]
            .as_array()
            .unwrap()
            .clone();
        orders
            .iter()
            .map(|order| order["total"].as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(totals("sort=total,desc&size=2").await, [58.99, 40.99]);
    assert_eq!(totals("sort=total,desc&size=2&page=1").await, [22.99]);
    assert_eq!(totals("sort=total").await, [22.99, 40.99, 58.99]);
    assert_eq!(totals("sort=nonsense&size=-1&page=x").await.len(), 3);
    assert!(totals("page=99").await.is_empty());
    let (_, page) = get(&process.app, "/orders?size=2&page=1").await;
    assert_eq!(
        page["page"],
        json!({"size": 2, "totalElements": 3, "totalPages": 2, "number": 1})
    );
    assert_eq!(
        page["_links"]["prev"]["href"],
        "http://orders/orders?page=0&size=2"
    );

    let (_, searches) = get(&process.app, "/orders/search").await;
    assert_eq!(searches["_links"]["findByCustomerId"]["templated"], true);
    assert_eq!(
        searches["_links"]["findByCustomerId"]["href"],
        "http://orders/orders/search/customerId{?custId}"
    );
}

#[tokio::test]
async fn nothing_of_the_generic_api_is_left() {
    let (_neighbours, process) = process().await;
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

#[tokio::test]
async fn health_names_the_service_and_its_database() {
    let (_neighbours, process) = process().await;
    let (status, health) = get(&process.app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    for (entry, name) in health["health"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["orders", "orders-db"])
    {
        assert_eq!(
            (&entry["service"], &entry["status"]),
            (&json!(name), &json!("OK"))
        );
        assert!(entry["date"].is_string());
    }
}

#[tokio::test]
async fn the_api_describes_itself() {
    let (_neighbours, process) = process().await;
    let (_, api) = get(&process.app, "/openapi.json").await;
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/orders",
            "/orders/search",
            "/orders/search/customerId",
            "/orders/{id}"
        ]
    );
    assert!(
        api["paths"]["/orders"]["post"]["responses"]
            .get("406")
            .is_some()
    );
    assert!(api["components"]["schemas"]["CustomerOrder"]["properties"]["_links"].is_object());
}

#[tokio::test]
async fn both_faces_tell_the_same_of_an_order() {
    let (_neighbours, process) = process().await;
    let posted = process.post(hrefs()).await.json();
    let order = process.get(posted["id"].as_str().unwrap()).await;
    assert_eq!(posted["customerId"], order.customer_id);
    assert_eq!(posted["shipment"]["id"], order.shipment_id);
    assert_eq!(
        posted["card"]["longNum"],
        order.card.as_ref().unwrap().masked_number
    );
    assert_eq!(
        posted["address"]["postcode"],
        order.address.as_ref().unwrap().postcode
    );
    assert_eq!(posted["items"][0]["itemId"], order.items[0].product_id);
    assert_eq!(posted["total"], json!(58.99));
    assert_eq!(order.total_cents, 5899);

    let placed = process.place("k").await.unwrap();
    let (_, read) = get(&process.app, &format!("/orders/{}", placed.id)).await;
    assert_eq!(
        (&read["customerId"], &read["total"]),
        (&json!(placed.customer_id), &json!(58.99))
    );
}

#[tokio::test]
async fn both_faces_refuse_the_same() {
    let (neighbours, process) = process().await;
    neighbours.facts().carts.clear();
    let message = process.post(hrefs()).await.json()["message"].clone();
    assert_eq!(message, refusal(process.place("k").await).1);
}

#[tokio::test]
async fn a_customers_list_is_newest_first_and_everybodys_oldest_first() {
    let (neighbours, process) = process().await;
    neighbours.facts().carts.clear();
    process.place("empty").await.unwrap_err();
    for key in ["1", "2", "3"] {
        neighbours.fill_cart(1, 1800);
        process.place(key).await.unwrap();
    }
    let list = async |customer: &str| {
        let (mut times, mut token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListOrdersRequest {
                customer_id: customer.into(),
                page_size: 2,
                page_token: token,
            };
            let page = process
                .orders
                .clone()
                .list_orders(request)
                .await
                .unwrap()
                .into_inner();
            assert!(page.orders.len() <= 2);
            times.extend(
                page.orders
                    .iter()
                    .map(|order| (order.placed_at_ms, order.id.clone())),
            );
            token = page.next_page_token;
            if token.is_empty() {
                return times;
            }
        }
    };
    let everybodys = list("").await;
    assert!(everybodys.is_sorted());
    assert_eq!(everybodys.len(), 4, "a failed attempt is a fact, too");
    let mut own = list(CUSTOMER).await;
    own.reverse();
    assert!(own.is_sorted());
    assert_eq!(own.len(), 3, "but no order of the customer's");
    assert!(list("nobody").await.is_empty());

    let request = pb::ListOrdersRequest {
        page_token: "nonsense".into(),
        ..Default::default()
    };
    let refused = process
        .orders
        .clone()
        .list_orders(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn an_order_is_not_found_for_a_stranger() {
    let (_neighbours, process) = process().await;
    let order = process.place("k").await.unwrap();
    let get = async |customer: &str| {
        let request = pb::GetOrderRequest {
            id: order.id.clone(),
            customer_id: customer.into(),
        };
        process.orders.clone().get_order(request).await.map(|_| ())
    };
    assert!(get(CUSTOMER).await.is_ok());
    for stranger in [ADDRESS, CARD] {
        assert_eq!(
            get(stranger).await.unwrap_err().code(),
            tonic::Code::NotFound
        );
    }
}
