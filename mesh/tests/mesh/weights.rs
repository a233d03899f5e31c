//! Where ten thousand requests go under a policy of 90 to 10.

use std::collections::HashMap;

use chassis::Discovery;
use chassis::discovery::{Lookup, select};
use mesh::policy;

use crate::world::World;

fn weights(list: &[(&str, i64)]) -> HashMap<String, i64> {
    list.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect()
}

#[tokio::test]
async fn a_plain_resolver_follows_a_canary_too() {
    let world = World::alone().await;
    let _leases = [
        world.add("catalogue", "catalogue-1", "v1", 11),
        world.add("catalogue", "catalogue-2", "v1", 12),
        world.add("catalogue", "catalogue-3", "v2", 21),
    ];
    policy::set(
        &world.node,
        "catalogue",
        &weights(&[("v1", 90), ("v2", 10)]),
    )
    .unwrap();
    let mut counts = [0u32; 2];
    for _ in 0..10_000 {
        match world.addresses("catalogue.weave.local").await.as_slice() {
            [11, 12] => counts[0] += 1,
            [21] => counts[1] += 1,
            other => panic!("addresses of two versions in one answer: {other:?}"),
        }
    }
    println!("10000 A look-ups at 90/10: {counts:?}");
    assert!((800..=1200).contains(&counts[1]), "{counts:?}");
}

#[tokio::test]
async fn clients_spread_their_requests_by_weight() {
    let world = World::alone().await;
    let _leases = [
        world.add("catalogue", "catalogue-1", "v1", 11),
        world.add("catalogue", "catalogue-2", "v1", 12),
        world.add("catalogue", "catalogue-3", "v2", 21),
    ];
    policy::set(
        &world.node,
        "catalogue",
        &weights(&[("v1", 90), ("v2", 10)]),
    )
    .unwrap();
    let lookup = Lookup {
        mesh_dns: vec![world.dns.to_string()],
        domain: None,
    };
    let names = Discovery::new(&lookup)
        .unwrap()
        .service("catalogue")
        .unwrap();
    let mut new = 0;
    for _ in 0..10_000 {
        let endpoints = names.endpoints().await;
        assert_eq!(endpoints.len(), 3);
        let chosen = select(&endpoints, rand::random()).unwrap();
        new += u32::from(chosen.url == "http://127.0.0.21:8080");
    }
    println!("10000 SRV selections at 90/10: {new} to v2");
    assert!((800..=1200).contains(&new), "{new}");
}
