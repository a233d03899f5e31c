//! The compat checks of the contract's page "carts".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::{Answer, Api};
use tokio::task::JoinSet;

/// One cart, reached over the wire.
struct Cart {
    carts: Api,
    items: String,
    path: String,
}

impl Cart {
    fn of(customer: &str) -> Self {
        Self {
            carts: Api::of("carts"),
            path: format!("/carts/{customer}"),
            items: format!("/carts/{customer}/items"),
        }
    }

    async fn post(&self, item: Value) -> Answer {
        self.carts.post(&self.items, &item).await
    }

    /// Adds an item and returns it as stored.
    async fn add(&self, item: Value) -> Value {
        self.post(item).await.expect(201).json()
    }

    async fn items(&self) -> Value {
        self.carts.get(&self.items).await.expect(200).json()
    }

    /// Product and quantity of each line.
    async fn lines(&self) -> Vec<(String, u64)> {
        let items = self.items().await;
        let lines = items.as_array().unwrap().iter();
        let line = |item: &Value| {
            (
                item["itemId"].as_str().unwrap().into(),
                item["quantity"].as_u64().unwrap(),
            )
        };
        lines.map(line).collect()
    }

    /// Sends a request whose answer is a bare 202.
    async fn accepted(&self, method: &str, path: &str) {
        let answer = self.carts.call(method, path).await.expect(202);
        assert_eq!(answer.text(), "");
    }
}

fn line(product: &str, quantity: u64) -> (String, u64) {
    (product.to_owned(), quantity)
}

#[tokio::test]
async fn check_01_an_unknown_cart_is_empty_and_no_error() {
    let cart = Cart::of("nobody-1");
    let answer = cart.carts.get(&cart.path).await.expect(200);
    assert_eq!(answer.media_type(), "application/json;charset=UTF-8");
    assert_eq!(answer.json(), json!({"customerId": "nobody-1"}));
    assert_eq!(cart.items().await, json!([]));
}

#[tokio::test]
async fn check_02_and_03_posting_again_adds_exactly_one() {
    let cart = Cart::of("c-again");
    let first = cart.add(json!({"itemId": "A", "unitPrice": 1.5})).await;
    let id = first["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        first,
        json!({"id": id, "itemId": "A", "quantity": 1, "unitPrice": 1.5})
    );

    let again = cart
        .add(json!({"itemId": "A", "unitPrice": 9.0, "quantity": 50}))
        .await;
    assert_eq!(
        again,
        json!({"id": id, "itemId": "A", "quantity": 2, "unitPrice": 1.5})
    );
    assert_eq!(cart.items().await, json!([again]));
}

#[tokio::test]
async fn check_04_a_new_line_has_the_quantity_it_is_sent_with() {
    let cart = Cart::of("c-quantity");
    let item = cart
        .add(json!({"itemId": "B", "unitPrice": 2, "quantity": 20}))
        .await;
    assert_eq!(item["quantity"], 20);
    assert_eq!(cart.lines().await, [line("B", 20)]);
}

#[tokio::test]
async fn check_05_a_patch_sets_the_quantity_and_leaves_the_price() {
    let cart = Cart::of("c-patch");
    cart.add(json!({"itemId": "A", "unitPrice": 1.5})).await;
    let wish = json!({"itemId": "A", "quantity": 7, "unitPrice": 9});
    let answer = cart.carts.send("PATCH", &cart.items, &wish).await;
    assert_eq!(answer.expect(202).text(), "");
    let item = &cart.items().await[0];
    assert_eq!(
        (&item["quantity"], &item["unitPrice"]),
        (&json!(7), &json!(1.5))
    );
    let one = cart.carts.get(&format!("{}/A", cart.items)).await;
    assert_eq!(one.expect(200).json(), *item);
}

#[tokio::test]
async fn check_06_a_line_can_be_removed_once() {
    let cart = Cart::of("c-remove");
    cart.add(json!({"itemId": "A", "unitPrice": 1.5, "quantity": 3}))
        .await;
    let path = format!("{}/A", cart.items);
    cart.accepted("DELETE", &path).await;
    assert_eq!(cart.items().await, json!([]));
    for method in ["DELETE", "GET"] {
        let again = cart.carts.call(method, &path).await.expect(404);
        again.assert_spring_error();
    }
}

#[tokio::test]
async fn check_07_a_merge_adds_up_and_empties_the_other_cart() {
    let (cart, session) = (Cart::of("c-merge"), Cart::of("s-merge"));
    cart.add(json!({"itemId": "B", "unitPrice": 2, "quantity": 20}))
        .await;
    session.add(json!({"itemId": "B", "unitPrice": 2})).await;
    session.add(json!({"itemId": "C", "unitPrice": 3})).await;
    let merge = format!("{}/merge?sessionId=s-merge", cart.path);
    cart.accepted("GET", &merge).await;
    let merged = [line("B", 21), line("C", 1)];
    assert_eq!(cart.lines().await, merged);
    assert_eq!(session.items().await, json!([]));

    // Neither again nor with itself does it change anything.
    cart.accepted("GET", &merge).await;
    cart.accepted("GET", &format!("{}/merge?sessionId=c-merge", cart.path))
        .await;
    assert_eq!(cart.lines().await, merged);
}

#[tokio::test]
async fn check_08_a_merge_needs_to_know_with_whom() {
    let cart = Cart::of("c-alone");
    let answer = cart.carts.get(&format!("{}/merge", cart.path)).await;
    answer.expect(400).assert_spring_error();
}

#[tokio::test]
async fn check_09_any_cart_can_be_emptied() {
    let cart = Cart::of("c-empty");
    cart.add(json!({"itemId": "A", "unitPrice": 1.5})).await;
    cart.accepted("DELETE", &cart.path).await;
    assert_eq!(cart.items().await, json!([]));
    cart.accepted("DELETE", "/carts/never").await;
}

#[tokio::test]
async fn check_10_what_is_no_json_is_refused() {
    let cart = Cart::of("c-words");
    for (media_type, body, status) in [
        ("text/plain", r#"{"itemId":"A"}"#, 415),
        ("application/json", "{", 400),
        ("application/json", "", 400),
        (
            "application/json",
            r#"{"itemId":"A","quantity":"abc"}"#,
            400,
        ),
        ("application/json", r#"{"itemId":null}"#, 400),
    ] {
        let answer = cart.carts.post_raw(&cart.items, media_type, body).await;
        answer.expect(status).assert_spring_error();
    }
    assert_eq!(cart.items().await, json!([]));
}

#[tokio::test]
async fn check_11_parallel_posts_of_one_product_all_count() {
    let mut posts = JoinSet::new();
    for _ in 0..20 {
        posts.spawn(async {
            let cart = Cart::of("c-parallel");
            cart.add(json!({"itemId": "A", "unitPrice": 1.5})).await["quantity"].clone()
        });
    }
    let mut quantities: Vec<u64> = posts
        .join_all()
        .await
        .iter()
        .map(|quantity| quantity.as_u64().unwrap())
        .collect();
    quantities.sort_unstable();
    assert_eq!(quantities, (1..=20).collect::<Vec<_>>());
    assert_eq!(Cart::of("c-parallel").lines().await, [line("A", 20)]);
}

#[tokio::test]
async fn check_12_the_items_of_all_carts_are_nobodys_to_read() {
    let carts = Api::of("carts");
    for path in ["/items", "/items/1", "/", "/profile", "/browser", "/env"] {
        carts.get(path).await.expect(404).assert_spring_error();
    }
    carts.call("PUT", "/carts/c1").await.expect(405);
}

#[tokio::test]
async fn check_13_the_health_names_the_service_and_its_database() {
    let answer = Api::of("carts").get("/health").await;
    answer.assert_healthy(&["carts", "carts-db"], "date");
}
