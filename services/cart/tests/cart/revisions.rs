//! Tests of the revision of a cart, on every store.

use cart::PurchasedItem;

use crate::common::stores;
use crate::stores::one;

#[tokio::test]
async fn every_change_gives_a_cart_a_revision_it_never_had() {
    for (kind, store) in stores().await {
        let mut seen = std::collections::HashSet::new();
        for step in 0..40 {
            let cart = match step % 10 {
                2 => store.set_quantity("c1", "A", 1).await.unwrap(),
                3 => store.add("c1", &one("B")).await.unwrap(),
                4 => store.set_quantity("c1", "B", 0).await.unwrap(),
                5 => {
                    store.add("s1", &one("A")).await.unwrap();
                    store.merge("s1", "c1").await.unwrap()
                }
                6 => {
                    let bought = PurchasedItem {
                        product_id: "A".into(),
                        quantity: 1,
                    };
                    let order = chassis::ids::new_id();
                    store
                        .remove_purchased("c1", &order, &[bought])
                        .await
                        .unwrap();
                    store.get("c1").await.unwrap()
                }
                7 => {
                    store.clear("c1").await.unwrap();
                    assert_eq!(store.get("c1").await.unwrap().revision(), "");
                    store.add("c1", &one("A")).await.unwrap()
                }
                8 => {
                    let order = chassis::ids::new_id();
                    store.remove_purchased("c1", &order, &[]).await.unwrap();
                    store.add("c1", &one("A")).await.unwrap()
                }
                _ => store.add("c1", &one("A")).await.unwrap(),
            };
            let read = store.get("c1").await.unwrap();
            assert_eq!(read.revision(), cart.revision(), "{kind}, step {step}");
            assert!(seen.insert(cart.revision()), "{kind}, step {step} repeats");
        }
    }
}

#[tokio::test]
async fn what_changes_nothing_keeps_the_revision() {
    for (kind, store) in stores().await {
        let cart = store.add("c1", &one("A")).await.unwrap();
        store.remove_purchased("c1", "order-1", &[]).await.unwrap();
        let cart_again = store.add("c1", &one("A")).await.unwrap();
        assert_ne!(cart.revision(), cart_again.revision(), "{kind}");
        store.remove_purchased("c1", "order-1", &[]).await.unwrap();
        let elsewhere = PurchasedItem {
            product_id: "elsewhere".into(),
            quantity: 1,
        };
        store
            .remove_purchased("c1", "order-2", &[elsewhere])
            .await
            .unwrap();
        store.set_quantity("c1", "A", 1).await.unwrap();
        store.merge("nobody", "c1").await.unwrap();
        let now = store.get("c1").await.unwrap().revision();
        assert_eq!(now, cart_again.revision(), "{kind}");
    }
}
