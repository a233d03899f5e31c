//! Tests of leases over time: assignment, expiry and retries.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chassis::testing::database_url;
use shipping::shipment::{Lease, MAX_ATTEMPTS, MAX_EXPIRED_LEASES, State};
use shipping::{Shipment, Store};

const LEASE_MS: i64 = 30_000;

async fn store_of(ids: impl IntoIterator<Item = String>) -> Store {
    let store = Store::open(&database_url().await).await.unwrap();
    for (age, id) in (0..).zip(ids) {
        let shipment = Shipment::new(&id, "", "ann", age).unwrap();
        store.create(&shipment).await.unwrap();
    }
    store
}

/// Leases up to `max` shipments and returns their ids.
async fn lease(store: &Store, token: &str, max: u32, now_ms: i64) -> Vec<String> {
    let lease = Lease {
        worker: "worker".into(),
        token: token.into(),
        now_ms,
        expires_at_ms: now_ms + LEASE_MS,
    };
    let leased = store.lease(&lease, max).await.unwrap();
    leased.into_iter().map(|one| one.id).collect()
}

fn named(names: [&str; 3]) -> impl Iterator<Item = String> {
    names.into_iter().map(str::to_owned)
}

#[tokio::test]
async fn the_oldest_go_first() {
    let store = store_of(named(["zebra", "ape", "moose"])).await;
    assert_eq!(lease(&store, "t", 2, 100).await, ["zebra", "ape"]);
    assert_eq!(lease(&store, "u", 2, 100).await, ["moose"]);
}

#[tokio::test]
async fn no_two_workers_get_the_same_shipment() {
    let store = store_of((0..200).map(|n| format!("s-{n:03}"))).await;
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                let (mut all, mut empty) = (Vec::new(), 0);
                while empty < 3 {
                    let some = lease(&store, &format!("t-{worker}"), 7, 1000).await;
                    empty += i32::from(some.is_empty());
                    all.extend(some);
                }
                all
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 200);
}

#[tokio::test]
async fn a_dead_workers_shipments_go_to_the_next_when_its_lease_runs_out() {
    let store = store_of(named(["a", "b", "c"])).await;
    lease(&store, "dead", 2, 1000).await;
    let pack = |shipment: &mut Shipment| shipment.pack("dead", 2000);
    store.change("a", pack).await.unwrap();

    assert_eq!(lease(&store, "early", 3, 999 + LEASE_MS).await, ["c"]);
    assert_eq!(lease(&store, "heir", 3, 1000 + LEASE_MS).await, ["a", "b"]);
    let late = |shipment: &mut Shipment| shipment.complete("dead", 40_000);
    let refused = store.change("a", late).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the token is not that of the current lease"
    );

    let taken = store.get("a").await.unwrap();
    assert_eq!(
        (taken.state, taken.packed_at_ms, taken.attempts),
        (State::Packed, Some(2000), 2)
    );
    let ship = |shipment: &mut Shipment| shipment.complete("heir", 40_000);
    assert_eq!(store.change("a", ship).await.unwrap().state, State::Shipped);
}

#[tokio::test]
async fn a_late_worker_whose_shipment_nobody_took_may_finish_it() {
    let store = store_of(named(["a", "b", "c"])).await;
    lease(&store, "slow", 1, 0).await;
    let ship = |shipment: &mut Shipment| shipment.complete("slow", LEASE_MS * 2);
    assert_eq!(store.change("a", ship).await.unwrap().state, State::Shipped);
    assert_eq!(lease(&store, "next", 3, LEASE_MS * 2).await, ["b", "c"]);
}

#[tokio::test]
async fn a_recalled_shipment_goes_to_nobody_when_its_lease_runs_out() {
    let store = store_of(named(["a", "b", "c"])).await;
    let order = |id| Shipment::new(id, "order", "ann", 0).unwrap();
    store.create(&order("d")).await.unwrap();
    assert_eq!(lease(&store, "holder", 4, 1000).await.len(), 4);
    let tombstone = Shipment::tombstone("e", "order", 2000).unwrap();
    let recalled = store.recall(&tombstone).await.unwrap();
    assert_eq!((&*recalled.id, recalled.state), ("d", State::Recalled));
    let heirs = lease(&store, "heir", 4, 1000 + LEASE_MS).await;
    assert_eq!(heirs, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_fails_steps_aside_and_is_parked_after_the_fifth_time() {
    let store = store_of(named(["bad", "good", "better"])).await;
    let mut now = 1000;
    for _ in 0..MAX_ATTEMPTS {
        assert_eq!(lease(&store, "t", 1, now).await, ["bad"]);
        let fail = |shipment: &mut Shipment| shipment.fail("t", "torn box", now);
        let failed = store.change("bad", fail).await.unwrap();
        now = failed.due_at_ms.unwrap_or(now);
    }
    let stuck = store.get("bad").await.unwrap();
    assert_eq!((stuck.state, &*stuck.failure), (State::Stuck, "torn box"));
    assert_eq!(
        lease(&store, "t", 3, now + LEASE_MS).await,
        ["good", "better"]
    );
    let queue = store.queue_stats(now).await.unwrap();
    assert_eq!((queue.depth, queue.stuck), (2, 1));
    assert_eq!(queue.oldest_age_ms, now - 1);
}

#[tokio::test]
async fn a_shipment_outlives_many_workers() {
    let store = store_of(["unlucky".to_owned()]).await;
    let mut now = 0;
    for _ in 0..2 * MAX_ATTEMPTS {
        assert_eq!(lease(&store, "dead", 1, now).await, ["unlucky"]);
        now += LEASE_MS;
    }
    assert_eq!(lease(&store, "heir", 1, now).await, ["unlucky"]);
    let ship = |shipment: &mut Shipment| shipment.complete("heir", now);
    let shipped = store.change("unlucky", ship).await.unwrap();
    assert_eq!(
        (shipped.state, shipped.attempts, shipped.expired_leases),
        (State::Shipped, 2 * MAX_ATTEMPTS + 1, 2 * MAX_ATTEMPTS)
    );
    assert_eq!(store.get("unlucky").await.unwrap(), shipped);
}

#[tokio::test]
async fn what_kills_every_worker_is_parked_in_the_end() {
    let store = store_of(["deadly".to_owned()]).await;
    let mut now = 0;
    for _ in 0..MAX_EXPIRED_LEASES {
        assert_eq!(lease(&store, "t", 1, now).await, ["deadly"]);
        now += LEASE_MS;
    }
    assert_eq!(store.queue_stats(now).await.unwrap().depth, 1);
    assert_eq!(lease(&store, "t", 1, now).await, Vec::<String>::new());
    let stuck = store.get("deadly").await.unwrap();
    assert_eq!(
        (stuck.state, &*stuck.failure),
        (State::Stuck, "the lease ran out")
    );
    assert_eq!(store.queue_stats(now).await.unwrap().stuck, 1);
}
