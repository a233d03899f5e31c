//! The shop while its mesh is hurt.

use std::time::Duration;

use crate::crowd::{Crowd, is_known, last, until_back};
use crate::names::Names;
use crate::support::{Shop, eventually};

/// Time after which every name and every silent node has expired.
const EXPIRY_TIMEOUT: Duration = Duration::from_secs(4);

const NODES: [&str; 3] = ["meshd-1", "meshd-2", "meshd-3"];

fn run(shop: &Shop, arguments: [&str; 2]) {
    assert!(shop.run(&arguments).status.success(), "{arguments:?}");
}

#[test]
fn mesh_nodes_are_killed_one_after_the_other_and_nobody_notices() {
    let shop = Shop::open_with(&["--mesh", "3"]);
    let crowd = Crowd::enter(&shop);
    for node in NODES {
        run(&shop, ["kill", node]);
        until_back(&shop, node, 0);
    }
    crowd.leaves_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mesh_the_shop_lives_on_what_it_knows() {
    let shop = Shop::open_with(&["--mesh", "2"]);
    let names = Names::of(&shop);
    let before = names.addresses("orders").await;
    assert_eq!(before.len(), 1);
    let crowd = Crowd::enter(&shop);
    for node in &NODES[..2] {
        run(&shop, ["kill", node]);
    }
    for node in &NODES[..2] {
        until_back(&shop, node, 0);
    }
    for node in &NODES[..2] {
        run(&shop, ["pause", node]);
    }
    last(EXPIRY_TIMEOUT);
    assert!(names.addresses("orders").await.is_empty(), "nobody answers");
    for node in &NODES[..2] {
        run(&shop, ["resume", node]);
    }
    for name in ["catalogue-1", "carts-1", "orders-1", "front-end-1"] {
        eventually("all are announced again", || is_known(&shop, name));
    }
    crowd.leaves_content();
    assert_eq!(names.addresses("orders").await, before);
}
