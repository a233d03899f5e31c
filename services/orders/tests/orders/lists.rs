//! Lists of orders, page by page.

use axum::http::StatusCode;
use chassis::testing::get;
use proto::orders as pb;
use serde_json::json;

use crate::support::{ADDRESS, CARD, CUSTOMER, Process, hrefs};

#[tokio::test]
async fn a_search_finds_a_customers_orders_the_newest_last() {
    let (_neighbours, process) = Process::alone().await;
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
    let (neighbours, process) = Process::alone().await;
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
async fn a_customers_list_is_newest_first_and_everybodys_oldest_first() {
    let (neighbours, process) = Process::alone().await;
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
                ..pb::ListOrdersRequest::default()
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
        placed_since_ms: everybodys[2].0,
        ..Default::default()
    };
    let late = process.orders.clone().list_orders(request).await;
    let late = late.unwrap().into_inner().orders;
    let expected: Vec<_> = everybodys
        .iter()
        .filter(|(at, _)| *at >= everybodys[2].0)
        .collect();
    assert_eq!(late.len(), expected.len());

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
    let (_neighbours, process) = Process::alone().await;
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
