//! Tests of the retention of carts.

use std::time::Duration;

use cart::Store;
use chassis::clock;

use crate::common::{GUEST_TTL, stores};
use crate::stores::one;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Example of a customer id.
const ACCOUNT: &str = "57a98d98e4b00679b4a830b2";

#[tokio::test]
async fn guests_carts_are_swept_after_30_days_and_customers_never() {
    for (kind, store) in stores().await {
        if kind == "Redis" {
            continue; // it expires keys by itself
        }
        for owner in ["guest", ACCOUNT] {
            store.add(owner, &one("A")).await.unwrap();
        }
        let now = clock::now_ms();
        assert_eq!(store.sweep(now + 29 * DAY_MS).await.unwrap(), 0, "{kind}");
        assert_eq!(store.get("guest").await.unwrap().items.len(), 1);
        assert_eq!(store.sweep(now + 31 * DAY_MS).await.unwrap(), 1, "{kind}");
        assert_eq!(store.get("guest").await.unwrap().items, []);
        store.sweep(now + 3650 * DAY_MS).await.unwrap();
        assert_eq!(store.get(ACCOUNT).await.unwrap().items.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_sweep_takes_as_many_guests_carts_as_there_are() {
    for (kind, store) in stores().await {
        if kind == "Redis" {
            continue;
        }
        for guest in 0..1203 {
            store.add(&format!("s{guest}"), &one("A")).await.unwrap();
        }
        let later = clock::now_ms() + 31 * DAY_MS;
        assert_eq!(store.sweep(later).await.unwrap(), 1203, "{kind}");
    }
}

#[tokio::test]
async fn reading_a_guests_cart_keeps_it() {
    let file = std::env::temp_dir().join(format!("{}.db", chassis::ids::new_id()));
    let url = format!("sqlite:{}?mode=rwc", file.display());
    // A read renews a cart after a thirtieth of its time to live: here at once.
    let store = Store::open(&url, "", Duration::from_millis(1))
        .await
        .unwrap();
    store.add("guest", &one("A")).await.unwrap();
    let added = clock::now_ms();
    while clock::now_ms() <= added + 1 {
        tokio::task::yield_now().await;
    }
    store.get("guest").await.unwrap();
    assert_eq!(
        store.sweep(added + 2).await.unwrap(),
        0,
        "it was read since"
    );
    for left in ["db", "db-wal", "db-shm"] {
        drop(std::fs::remove_file(file.with_extension(left)));
    }
}

#[tokio::test]
async fn tables_forget_old_orders() {
    for (kind, store) in stores().await {
        if kind == "Redis" {
            continue;
        }
        store
            .remove_purchased(ACCOUNT, "order-1", &[])
            .await
            .unwrap();
        store.sweep(clock::now_ms() + 89 * DAY_MS).await.unwrap();
        store.add(ACCOUNT, &one("A")).await.unwrap();
        store
            .remove_purchased(ACCOUNT, "order-1", &[])
            .await
            .unwrap();
        assert_eq!(store.get(ACCOUNT).await.unwrap().items.len(), 1);

        store.sweep(clock::now_ms() + 91 * DAY_MS).await.unwrap();
        store
            .remove_purchased(ACCOUNT, "order-1", &[])
            .await
            .unwrap();
        assert_eq!(store.get(ACCOUNT).await.unwrap().items, [], "{kind}");
    }
}

#[tokio::test]
async fn redis_keeps_guests_carts_30_days_and_customers_for_ever() {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        return;
    };
    let prefix = format!("test-{}:", chassis::ids::new_id());
    let store = Store::open(&url, &prefix, GUEST_TTL).await.unwrap();
    for guest in ["s1", "s2", "s3"] {
        store.add(guest, &one("A")).await.unwrap();
    }
    store.set_quantity("s1", "A", 2).await.unwrap();
    store.merge("s2", "s4").await.unwrap();
    store.merge("s3", ACCOUNT).await.unwrap();
    store.remove_purchased("c3", "order-1", &[]).await.unwrap();

    let client = redis::Client::open(url).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let mut ttl = async |key: &str| -> i64 {
        let key = format!("{prefix}{key}");
        let mut left = redis::cmd("PTTL");
        left.arg(key).query_async(&mut redis).await.unwrap()
    };
    for (key, days) in [("of:s1", 30), ("of:s4", 30), ("cleared:order-1", 90)] {
        let left = ttl(key).await;
        let range = (days - 1) * DAY_MS..=days * DAY_MS;
        assert!(range.contains(&left), "{key} is kept for {left} ms");
    }
    assert_eq!(ttl(&format!("of:{ACCOUNT}")).await, -1);

    // A cart from a release that let customers' carts expire, and one that was not used for long.
    let mut shorten = client.get_multiplexed_async_connection().await.unwrap();
    for key in [format!("of:{ACCOUNT}"), "of:s1".to_owned()] {
        let mut expire = redis::cmd("PEXPIRE");
        expire.arg(format!("{prefix}{key}")).arg(DAY_MS);
        let () = expire.query_async(&mut shorten).await.unwrap();
    }
    for owner in [ACCOUNT, "s1"] {
        store.get(owner).await.unwrap();
    }
    assert_eq!(ttl(&format!("of:{ACCOUNT}")).await, -1);
    assert!(ttl("of:s1").await > 29 * DAY_MS);
}
