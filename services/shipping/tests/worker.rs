//! Tests of the queue-master against shipping on a free port.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::StatusCode;
use chassis::testing::{database_url, get};
use chassis::{Discovery, Shutdown};
use proto::shipping::{GetQueueRequest, LeaseShipmentsRequest};
use serde_json::json;
use shipping::shipment::State;
use shipping::worker::{self, Shipping, Worker, WorkerSettings};
use shipping::{Shipment, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const LEASE: Duration = Duration::from_secs(30);
const NEVER: Duration = Duration::from_secs(3600);
const QUICK: Duration = Duration::from_millis(5);

async fn store_of(count: usize) -> Store {
    let store = Store::open(&database_url().await).await.unwrap();
    for number in 0..count {
        add(&store, number).await;
    }
    store
}

async fn add(store: &Store, number: usize) {
    let (id, name) = (format!("s-{number}"), format!("customer-{number}"));
    let shipment = Shipment::new(&id, "", &name, chassis::clock::now_ms()).unwrap();
    store.create(&shipment).await.unwrap();
}

async fn serve(store: &Store, address: SocketAddr, lease: Duration) -> SocketAddr {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = shipping::app(store.clone(), lease);
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn shipping_at(address: SocketAddr) -> Shipping {
    let discovery = Discovery::new(&chassis::discovery::Lookup::default()).unwrap();
    worker::shipping(&discovery.knowing("shipping", &format!("http://{address}"))).unwrap()
}

fn start(address: SocketAddr, pack_time: Duration, shutdown: &Shutdown) -> JoinHandle<()> {
    let settings = WorkerSettings {
        pack_time,
        ship_time: QUICK,
        max_in_flight: 64,
    };
    let worker = Worker::new(shipping_at(address), "worker".into(), settings);
    tokio::spawn(worker.run(shutdown.clone()))
}

/// Waits up to 20 seconds until `condition` holds.
async fn until(condition: impl AsyncFn() -> bool) {
    let held = async {
        while !condition().await {
            tokio::time::sleep(QUICK).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), held)
        .await
        .unwrap();
}

async fn depth(store: &Store) -> i64 {
    store.queue_stats(0).await.unwrap().depth
}

async fn state(store: &Store, id: &str) -> State {
    store.get(id).await.unwrap().state
}

#[tokio::test]
async fn two_workers_ship_a_hundred_shipments_once_each() {
    let store = store_of(100).await;
    let address = serve(&store, any(), LEASE).await;
    let shutdown = Shutdown::default();
    let workers = [(); 2].map(|()| start(address, QUICK, &shutdown));
    until(async || depth(&store).await == 0).await;
    for shipment in store.list(None, "", 1000).await.unwrap().shipments {
        assert_eq!((shipment.state, shipment.attempts), (State::Shipped, 1));
        assert!(shipment.packed_at_ms <= shipment.shipped_at_ms);
    }
    shutdown.drain(Duration::ZERO).await;
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_dead_worker_held_is_shipped_by_another() {
    let store = store_of(1).await;
    let address = serve(&store, any(), Duration::from_millis(200)).await;
    let request = LeaseShipmentsRequest {
        worker: "dead".into(),
        max: 1,
    };
    let held = shipping_at(address).lease_shipments(request).await.unwrap();
    assert_eq!(held.into_inner().leases.len(), 1);

    start(address, QUICK, &Shutdown::default());
    until(async || state(&store, "s-0").await == State::Shipped).await;
    assert_eq!(store.get("s-0").await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_worker_lets_go_of_what_is_recalled_while_it_packs() {
    let store = store_of(0).await;
    let address = serve(&store, any(), LEASE).await;
    let shipment = Shipment::new("s-0", "order", "ann", 0).unwrap();
    store.create(&shipment).await.unwrap();
    let shutdown = Shutdown::default();
    let worker = start(address, Duration::from_millis(300), &shutdown);
    until(async || state(&store, "s-0").await == State::Leased).await;
    let tombstone = Shipment::tombstone("never", "order", 0).unwrap();
    store.recall(&tombstone).await.unwrap();
    let draining = shutdown.clone();
    tokio::spawn(async move { draining.drain(NEVER).await });
    worker.await.unwrap();
    assert_eq!(store.get("s-0").await.unwrap().shipped_at_ms, None);
    assert_eq!(state(&store, "s-0").await, State::Recalled);
}

#[tokio::test]
async fn a_draining_worker_finishes_what_it_has_and_takes_nothing_more() {
    let store = store_of(1).await;
    let address = serve(&store, any(), LEASE).await;
    let shutdown = Shutdown::default();
    let worker = start(address, Duration::from_millis(300), &shutdown);
    until(async || state(&store, "s-0").await == State::Leased).await;
    let draining = shutdown.clone();
    tokio::spawn(async move { draining.drain(NEVER).await });
    until(async || shutdown.is_draining()).await;
    add(&store, 1).await;
    worker.await.unwrap();
    assert_eq!(state(&store, "s-0").await, State::Shipped);
    assert_eq!(state(&store, "s-1").await, State::Waiting);
}

#[tokio::test]
async fn a_closing_worker_gives_back_what_it_cannot_finish() {
    let store = store_of(1).await;
    let address = serve(&store, any(), LEASE).await;
    let shutdown = Shutdown::default();
    let worker = start(address, NEVER, &shutdown);
    until(async || state(&store, "s-0").await == State::Leased).await;
    shutdown.drain(Duration::ZERO).await;
    worker.await.unwrap();
    let returned = store.get("s-0").await.unwrap();
    assert_eq!(returned.state, State::Waiting);
    assert_eq!(
        (&*returned.failure, returned.expired_leases),
        ("the worker ended", 1)
    );
}

#[tokio::test]
async fn a_worker_waits_for_shipping_to_come_up() {
    let store = store_of(3).await;
    let address = TcpListener::bind(any())
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let app = worker::app(shipping_at(address));
    start(address, QUICK, &Shutdown::default());
    let (status, health) = get(&app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(health["health"][1]["status"], "err");

    serve(&store, address, LEASE).await;
    until(async || depth(&store).await == 0).await;
}

#[tokio::test]
async fn health_names_the_worker_and_its_queue() {
    let store = store_of(0).await;
    let address = serve(&store, any(), LEASE).await;
    let mut shipping = shipping_at(address);
    shipping.get_queue(GetQueueRequest {}).await.unwrap();
    let (_, health) = get(&worker::app(shipping), "/health").await;
    for (place, name) in ["queue-master", "queue-master-rabbitmq"]
        .into_iter()
        .enumerate()
    {
        let entry = &health["health"][place];
        assert_eq!(
            (&entry["service"], &entry["status"]),
            (&json!(name), &json!("OK"))
        );
        assert!(entry["date"].is_string());
    }
}
