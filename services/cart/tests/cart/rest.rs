//! Tests of the REST API: contract page "carts", its compat checks first.

use crate::common::{items, on_every_store, post};
use axum::body::Body;
use axum::http::Request;
use chassis::ids::is_id;
use chassis::testing::{call, get, send};
use serde_json::{Value, json};

#[tokio::test]
async fn an_unknown_cart_is_empty_and_no_error() {
    on_every_store(async |app| {
        let (status, cart) = get(&app, "/carts/nobody-1").await;
        assert_eq!(
            (status.as_u16(), cart),
            (200, json!({"customerId": "nobody-1"}))
        );
        assert_eq!(items(&app, "nobody-1").await, json!([]));
        let gone = call(&app, "DELETE", "/carts/never", Value::Null).await;
        assert_eq!((gone.status.as_u16(), gone.text()), (202, String::new()));
    })
    .await;
}

#[tokio::test]
async fn an_item_grows_by_one_whatever_its_quantity_says() {
    on_every_store(async |app| {
        let first = post(&app, "c1", json!({"itemId": "A", "unitPrice": 1.5})).await;
        assert_eq!(first.status, 201);
        assert_eq!(
            first.header("content-type"),
            "application/json;charset=UTF-8"
        );
        let item = first.json();
        let id = item["id"].as_str().unwrap();
        assert!(is_id(id));
        assert_eq!(
            item,
            json!({"id": id, "itemId": "A", "quantity": 1, "unitPrice": 1.5})
        );

        let again = json!({"itemId": "A", "unitPrice": 9, "quantity": 50, "id": "mine"});
        let second = post(&app, "c1", again).await;
        let grown = json!({"id": id, "itemId": "A", "quantity": 2, "unitPrice": 1.5});
        assert_eq!(
            (second.status.as_u16(), second.json()),
            (201, grown.clone())
        );
        assert_eq!(get(&app, "/carts/c1/items/A").await.1, grown);

        post(
            &app,
            "c1",
            json!({"itemId": "B", "unitPrice": 2, "quantity": 20}),
        )
        .await;
        assert_eq!(
            items(&app, "c1").await,
            json!([["A", 2, 1.5], ["B", 20, 2]])
        );
    })
    .await;
}

#[tokio::test]
async fn a_patch_sets_the_quantity_and_leaves_the_price() {
    on_every_store(async |app| {
        let patch = async |item| call(&app, "PATCH", "/carts/c1/items", item).await;
        post(&app, "c1", json!({"itemId": "A", "unitPrice": 1.5})).await;

        let done = patch(json!({"itemId": "A", "quantity": 7, "unitPrice": 9})).await;
        assert_eq!((done.status.as_u16(), done.text()), (202, String::new()));
        assert_eq!(items(&app, "c1").await, json!([["A", 7, 1.5]]));

        assert_eq!(
            patch(json!({"itemId": "B", "quantity": 1})).await.status,
            404
        );
        for bad in [json!(null), json!(-1), json!(1001), json!("abc"), json!("")] {
            let refused = patch(json!({"itemId": "A", "quantity": bad})).await;
            assert_eq!(refused.status, 400, "{bad}");
        }
        assert_eq!(items(&app, "c1").await, json!([["A", 7, 1.5]]));

        assert_eq!(patch(json!({"itemId": "A"})).await.status, 202);
        assert_eq!(items(&app, "c1").await, json!([["A", 1, 1.5]]));
        assert_eq!(
            patch(json!({"itemId": "A", "quantity": 0})).await.status,
            202
        );
        assert_eq!(items(&app, "c1").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_removed_item_is_gone_and_not_found_again() {
    on_every_store(async |app| {
        post(&app, "c1", json!({"itemId": "A", "quantity": 3})).await;
        let remove = async || call(&app, "DELETE", "/carts/c1/items/A", Value::Null).await;
        let removed = remove().await;
        assert_eq!(
            (removed.status.as_u16(), removed.text()),
            (202, String::new())
        );
        let again = remove().await;
        assert_eq!(again.status, 404);
        let error = again.json();
        assert_eq!(error["status"], 404);
        assert_eq!(error["error"], "Not Found");
        assert_eq!(error["message"], "item in cart not found");
        assert_eq!(error["path"], "/carts/c1/items/A");
        assert_eq!(get(&app, "/carts/c1/items/A").await.0, 404);
    })
    .await;
}

#[tokio::test]
async fn a_session_s_cart_is_merged_into_the_customer_s() {
    on_every_store(async |app| {
        let merge = async |path: &str| call(&app, "GET", path, Value::Null).await;
        post(
            &app,
            "c1",
            json!({"itemId": "B", "unitPrice": 2, "quantity": 20}),
        )
        .await;
        post(&app, "s1", json!({"itemId": "Z", "unitPrice": 5})).await;
        post(&app, "s1", json!({"itemId": "B", "unitPrice": 3})).await;
        post(&app, "s1", json!({"itemId": "A", "unitPrice": 4})).await;

        let done = merge("/carts/c1/merge?sessionId=s1").await;
        assert_eq!((done.status.as_u16(), done.text()), (202, String::new()));
        let merged = json!([["B", 21, 2], ["Z", 1, 5], ["A", 1, 4]]);
        assert_eq!(items(&app, "c1").await, merged);
        assert_eq!(items(&app, "s1").await, json!([]));

        for nothing in ["c1", "s1", "unknown"] {
            let path = format!("/carts/c1/merge?sessionId={nothing}");
            assert_eq!(merge(&path).await.status, 202);
        }
        assert_eq!(items(&app, "c1").await, merged);
        let missing = merge("/carts/c1/merge").await;
        assert_eq!(
            (missing.status.as_u16(), &missing.json()["status"]),
            (400, &json!(400))
        );
    })
    .await;
}

#[tokio::test]
async fn a_cleared_cart_is_empty() {
    on_every_store(async |app| {
        post(&app, "c1", json!({"itemId": "A"})).await;
        let cleared = call(&app, "DELETE", "/carts/c1", Value::Null).await;
        assert_eq!(
            (cleared.status.as_u16(), cleared.text()),
            (202, String::new())
        );
        assert_eq!(items(&app, "c1").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn numbers_are_read_as_the_original_read_them() {
    on_every_store(async |app| {
        for (product, quantity, kept) in [("A", json!("3"), 3), ("B", json!(1.7), 1)] {
            let item = json!({"itemId": product, "quantity": quantity, "unitPrice": "2.5"});
            let added = post(&app, "c1", item).await.json();
            assert_eq!(
                (&added["quantity"], &added["unitPrice"]),
                (&json!(kept), &json!(2.5))
            );
        }
        let added = post(&app, "c1", json!({"itemId": "C", "colour": "red"}))
            .await
            .json();
        assert_eq!(
            (&added["quantity"], &added["unitPrice"]),
            (&json!(1), &json!(0))
        );
    })
    .await;
}

#[tokio::test]
async fn bad_items_are_refused_by_name_and_leave_no_trace() {
    on_every_store(async |app| {
        for (item, field) in [
            (json!({"unitPrice": 1}), "itemId"),
            (json!({"itemId": null}), "itemId"),
            (json!({"itemId": "x".repeat(201)}), "itemId"),
            (json!({"itemId": "a\u{0}b"}), "itemId"),
            (json!({"itemId": "A", "quantity": null}), "quantity"),
            (json!({"itemId": "A", "quantity": "abc"}), "quantity"),
            (json!({"itemId": "A", "quantity": 0}), "quantity"),
            (json!({"itemId": "A", "quantity": -3}), "quantity"),
            (json!({"itemId": "A", "quantity": 1001}), "quantity"),
            (json!({"itemId": "A", "unitPrice": -0.5}), "unitPrice"),
            (json!({"itemId": "A", "unitPrice": 1e30}), "unitPrice"),
            (json!({"itemId": "A", "unitPrice": [1]}), "unitPrice"),
        ] {
            let refused = post(&app, "c1", item.clone()).await;
            assert_eq!(refused.status, 400, "{item}");
            let message = refused.json()["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with(field), "{item}: {message}");
        }
        let long = "x".repeat(201);
        assert_eq!(post(&app, &long, json!({"itemId": "A"})).await.status, 400);
        assert_eq!(
            post(&app, "a%00b", json!({"itemId": "A"})).await.status,
            400
        );
        assert_eq!(items(&app, "c1").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn bodies_that_are_not_json_are_told_so() {
    on_every_store(async |app| {
        let status = async |method: &str, media_type: &str, body: &'static str| {
            let request = Request::builder()
                .method(method)
                .uri("/carts/c1/items")
                .header("content-type", media_type);
            send(&app, request.body(Body::from(body)).unwrap())
                .await
                .status
        };
        for method in ["POST", "PATCH"] {
            assert_eq!(status(method, "text/plain", r#"{"itemId":"A"}"#).await, 415);
            assert_eq!(status(method, "application/json", "{").await, 400);
            assert_eq!(
                status(method, "application/json", r#"["A", 1, 2]"#).await,
                400
            );
            assert_eq!(status(method, "application/json", "").await, 400);
        }
    })
    .await;
}

#[tokio::test]
async fn a_cart_holds_a_hundred_products_and_no_more() {
    on_every_store(async |app| {
        for number in 0..100 {
            let added = post(&app, "c1", json!({"itemId": number})).await;
            assert_eq!(added.status, 201);
        }
        let refused = post(&app, "c1", json!({"itemId": "one more"})).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            refused.json()["message"],
            "a cart holds at most 100 products"
        );
        assert_eq!(
            post(&app, "c1", json!({"itemId": "7"})).await.json()["quantity"],
            2
        );

        post(&app, "s1", json!({"itemId": "7"})).await;
        post(&app, "s1", json!({"itemId": "one more"})).await;
        let path = "/carts/c1/merge?sessionId=s1";
        assert_eq!(call(&app, "GET", path, Value::Null).await.status, 400);
        assert_eq!(get(&app, "/carts/c1/items/7").await.1["quantity"], 2);
        assert_eq!(items(&app, "s1").await.as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_name_of_a_cart_loses_its_suffix_but_its_items_do_not() {
    on_every_store(async |app| {
        post(&app, "a.b", json!({"itemId": "A"})).await;
        assert_eq!(get(&app, "/carts/a.b").await.1, json!({"customerId": "a"}));
        assert_eq!(get(&app, "/carts/.b").await.1, json!({"customerId": ".b"}));
        assert_eq!(items(&app, "a").await, json!([]));
        call(&app, "DELETE", "/carts/a.c", Value::Null).await;
        assert_eq!(items(&app, "a.b").await, json!([["A", 1, 0]]));
    })
    .await;
}

#[tokio::test]
async fn what_the_original_should_not_have_published_is_not_there() {
    on_every_store(async |app| {
        for path in [
            "/items", "/items/1", "/", "/profile", "/browser", "/env", "/trace",
        ] {
            assert_eq!(get(&app, path).await.0, 404, "{path}");
        }
        for (method, path) in [
            ("PUT", "/carts/c1"),
            ("DELETE", "/carts/c1/items"),
            ("POST", "/carts/c1/merge"),
        ] {
            let answer = call(&app, method, path, Value::Null).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.json()["error"], "Method Not Allowed");
        }
    })
    .await;
}

#[tokio::test]
async fn health_names_the_service_and_its_database() {
    on_every_store(async |app| {
        let (status, health) = get(&app, "/health").await;
        assert_eq!(status, 200);
        for (entry, service) in ["carts", "carts-db"].iter().enumerate() {
            let entry = &health["health"][entry];
            assert_eq!(
                (&entry["service"], &entry["status"]),
                (&json!(service), &json!("OK"))
            );
            assert!(entry["date"].as_str().unwrap().ends_with('Z'));
        }
    })
    .await;
}

#[tokio::test]
async fn the_openapi_lists_every_endpoint_of_the_contract() {
    on_every_store(async |app| {
        let (_, api) = get(&app, "/openapi.json").await;
        for (path, methods) in [
            ("/carts/{customerId}", &["get", "delete"][..]),
            ("/carts/{customerId}/merge", &["get"]),
            ("/carts/{customerId}/items", &["get", "post", "patch"]),
            ("/carts/{customerId}/items/{itemId}", &["get", "delete"]),
        ] {
            for method in methods {
                assert!(api["paths"][path][method].is_object(), "{method} {path}");
            }
        }
        assert_eq!(api["components"]["schemas"]["Price"]["type"], "number");
    })
    .await;
}
