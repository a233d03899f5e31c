//! Tests of every store under concurrent changes of the same cart.

use std::time::Duration;

use crate::common::{items, on_every_store, open, post, stores};
use cart::{Cart, NewItem, PurchasedItem, Store};
use chassis::Result;
use chassis::testing::{call, get};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

pub(crate) fn one(product: &str) -> NewItem {
    NewItem {
        product_id: product.to_owned(),
        quantity: 1,
        increment: 1,
        unit_price_cents: 1500,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_parallel_posts_end_in_one_line_of_twenty() {
    on_every_store(async |app| {
        let posts = (0..20).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { post(&app, "fresh", json!({"itemId": "A"})).await.status })
        });
        for status in join_all(posts).await {
            assert_eq!(status.unwrap(), 201);
        }
        assert_eq!(items(&app, "fresh").await, json!([["A", 20, 0]]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_merges_and_additions_lose_nothing() {
    on_every_store(async |app| {
        for guest in 0..8 {
            for product in if guest % 2 == 0 {
                ["A", "B"]
            } else {
                ["B", "A"]
            } {
                post(&app, &format!("s{guest}"), json!({"itemId": product})).await;
            }
        }
        let calls = (0..16).map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                if number < 8 {
                    let path = format!("/carts/c1/merge?sessionId=s{number}");
                    call(&app, "GET", &path, Value::Null).await.status
                } else {
                    post(&app, "c1", json!({"itemId": "A"})).await.status
                }
            })
        });
        for status in join_all(calls).await {
            assert!(status.unwrap().is_success());
        }
        for (product, quantity) in [("A", 16), ("B", 8)] {
            let (_, item) = get(&app, &format!("/carts/c1/items/{product}")).await;
            assert_eq!(item["quantity"], quantity);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_carts_merged_into_each_other_at_once_keep_their_sum() {
    on_every_store(async |app| {
        post(&app, "a", json!({"itemId": "A", "quantity": 3})).await;
        post(&app, "b", json!({"itemId": "A", "quantity": 4})).await;
        let merges = (0..20).map(|number| {
            let app = app.clone();
            let path = ["/carts/a/merge?sessionId=b", "/carts/b/merge?sessionId=a"][number % 2];
            tokio::spawn(async move { call(&app, "GET", path, Value::Null).await.status })
        });
        for status in join_all(merges).await {
            assert_eq!(status.unwrap(), 202);
        }
        let mut both = items(&app, "a").await.as_array().unwrap().clone();
        both.extend(items(&app, "b").await.as_array().unwrap().clone());
        assert_eq!(both, [json!(["A", 7, 0])]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sock_added_while_its_cart_is_bought_is_never_lost() {
    for (kind, store) in stores().await {
        store.add("c1", &one("A")).await.unwrap();
        let bought = PurchasedItem {
            product_id: "A".into(),
            quantity: 1,
        };
        let calls = (0..20).map(|number| {
            let (store, bought) = (store.clone(), bought.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    store.add("c1", &one("A")).await.map(drop)
                } else {
                    store.remove_purchased("c1", "order", &[bought]).await
                }
            })
        });
        for call in join_all(calls).await {
            call.unwrap().unwrap();
        }
        let left = store.get("c1").await.unwrap();
        assert_eq!(lines(&left), [("A", 10, 1500)], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_open_one_new_file_at_once() {
    let file = std::env::temp_dir().join(format!("{}.db", chassis::ids::new_id()));
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let opened = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { open(&url).await.add("c1", &one("A")).await })
    });
    let added = join_all(opened).await;
    let seen = open(&url).await.get("c1").await.unwrap();
    for left in ["db", "db-wal", "db-shm"] {
        drop(std::fs::remove_file(file.with_extension(left)));
    }
    assert!(added.iter().all(|added| matches!(added, Ok(Ok(_)))));
    assert_eq!(lines(&seen), [("A", 8, 1500)]);
}

#[tokio::test]
async fn every_store_follows_the_rules_of_a_cart_step_by_step() {
    for seed in 0..4 {
        for (kind, store) in stores().await {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut carts = [Cart::empty("a"), Cart::empty("b")];
            for step in 0..60 {
                let expected = apply_random_operation(&store, &mut carts, &mut rng).await;
                for cart in &carts {
                    let kept = store.get(&cart.customer_id).await.unwrap();
                    assert_eq!(
                        lines(&kept),
                        lines(cart),
                        "{kind}, seed {seed}, step {step}"
                    );
                }
                assert!(
                    expected,
                    "{kind}, seed {seed}, step {step}: another outcome"
                );
            }
        }
    }
}

/// Applies one random operation to the store and to the model; returns whether both agree.
async fn apply_random_operation(store: &Store, carts: &mut [Cart; 2], rng: &mut StdRng) -> bool {
    let at = rng.random_range(0..2);
    let customer = carts[at].customer_id.clone();
    let product = format!("product {}", rng.random_range(0..6));
    let quantity = rng.random_range(0..9);
    match rng.random_range(0..11) {
        0..5 => {
            let new_item = NewItem {
                increment: quantity,
                quantity: quantity + 1,
                ..one(&product)
            };
            let ours = carts[at].add(&new_item, "new");
            agree(&store.add(&customer, &new_item).await, &ours)
        }
        5..8 => {
            let ours = carts[at].set_quantity(&product, quantity);
            agree(
                &store.set_quantity(&customer, &product, quantity).await,
                &ours,
            )
        }
        8 => {
            let from = std::mem::replace(&mut carts[1 - at], Cart::empty(""));
            let from_id = from.customer_id.clone();
            let ours = carts[at].merge(from);
            carts[1 - at].customer_id.clone_from(&from_id);
            agree(&store.merge(&from_id, &customer).await, &ours)
        }
        9 => {
            let bought = random_purchase(&carts[at], rng);
            carts[at].remove_purchased(&bought);
            let order = chassis::ids::new_id();
            agree(
                &store.remove_purchased(&customer, &order, &bought).await,
                &Ok(()),
            )
        }
        _ => {
            carts[at].items.clear();
            agree(&store.clear(&customer).await, &Ok(()))
        }
    }
}

/// Random purchase: about half of a cart's lines and a product not in it, or empty.
fn random_purchase(cart: &Cart, rng: &mut StdRng) -> Vec<PurchasedItem> {
    let in_cart = cart
        .items
        .iter()
        .map(|item| (&*item.product_id, item.quantity));
    let lines = in_cart.chain([("elsewhere", 1)]);
    let lines = lines.filter(|_| rng.random_bool(0.5)).collect::<Vec<_>>();
    let bought = lines.into_iter().map(|(product, quantity)| PurchasedItem {
        product_id: product.to_owned(),
        quantity: rng.random_range(0..=quantity + 1),
    });
    bought.collect()
}

fn agree<T>(theirs: &Result<T>, ours: &Result<()>) -> bool {
    let text = |error: &chassis::Error| error.to_string();
    theirs.as_ref().err().map(text) == ours.as_ref().err().map(text)
}

fn lines(cart: &Cart) -> Vec<(&str, u32, i64)> {
    let items = cart.items.iter();
    items
        .map(|item| (&*item.product_id, item.quantity, item.unit_price_cents))
        .collect()
}

#[tokio::test]
async fn a_line_holds_99_pairs_however_they_came_about() {
    on_every_store(async |app| {
        for _ in 0..3 {
            post(&app, "c1", json!({"itemId": "A", "quantity": 98})).await;
        }
        assert_eq!(items(&app, "c1").await, json!([["A", 99, 0]]));
        let refused = post(&app, "c1", json!({"itemId": "B", "quantity": 100})).await;
        assert_eq!(refused.status, 400);
        assert!(refused.json()["message"].to_string().contains("quantity"));

        post(&app, "s1", json!({"itemId": "A", "quantity": 60})).await;
        post(&app, "s1", json!({"itemId": "B", "quantity": 99})).await;
        let merged = call(&app, "GET", "/carts/c1/merge?sessionId=s1", Value::Null).await;
        assert_eq!(merged.status, 202);
        assert_eq!(items(&app, "c1").await, json!([["A", 99, 0], ["B", 99, 0]]));
    })
    .await;
}

#[tokio::test]
async fn without_redis_requests_fail_as_unavailable_and_health_says_why() {
    let app = cart::app(open(&format!("redis://{}/", unused_address().await)).await);
    let (status, health) = get(&app, "/health").await;
    assert_eq!(
        (status.as_u16(), &health["health"][1]["status"]),
        (200, &json!("err"))
    );
    assert_eq!(health["health"][0]["status"], "OK");
    let refused = post(&app, "c1", json!({"itemId": "A"})).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["message"], "temporarily unavailable");
}

#[tokio::test]
async fn a_redis_that_comes_up_later_is_found() {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        return;
    };
    let address = unused_address().await;
    let app = cart::app(open(&format!("redis://{address}/")).await);
    assert_eq!(post(&app, "c1", json!({"itemId": "A"})).await.status, 503);

    let real = url.trim_start_matches("redis://").trim_end_matches('/');
    let listener = TcpListener::bind(&address).await.unwrap();
    tokio::spawn(relay(listener, real.to_owned()));
    let added = async {
        while post(&app, "c1", json!({"itemId": "A"})).await.status != 201 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), added)
        .await
        .unwrap();
    assert_eq!(get(&app, "/health").await.1["health"][1]["status"], "OK");
}

/// Address without a listener.
async fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn relay(listener: TcpListener, to: String) {
    while let Ok((mut from, _)) = listener.accept().await {
        let mut to = TcpStream::connect(&to).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
    }
}
