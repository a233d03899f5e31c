//! Shipping: keeps shipments, and is the queue its workers take them from.
//!
//! A shipment enters through [`rest`] or [`grpc`] and lies in the [`Store`] from
//! then on. A [`worker`] (the process `queue-master`) leases the oldest, packs
//! them and completes them, over gRPC; what may follow what is decided by
//! [`Shipment`]. A worker that dies lets its leases run out, and another takes
//! over.
//!
//! The original put shipments on `RabbitMQ`; here the table is the queue, so what is
//! acknowledged is on the disk, and there is no broker to run.

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Server, Shutdown, health, settings};

pub mod grpc;
pub mod queue;
pub mod rest;
pub mod shipment;
pub mod store;
pub mod worker;

pub use shipment::Shipment;
pub use store::Store;

/// Settings of the shipping service.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "shipping",
    version,
    about = "Keeps shipments until they are shipped"
)]
pub struct Config {
    /// Settings every service shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where shipments are kept: an `sqlite:` or a `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:shipping.db?mode=rwc")]
    pub database_url: String,

    /// How long a worker may keep a shipment before another gets it.
    #[arg(long, env = "SHIPPING_LEASE", default_value = "30s", value_parser = settings::duration)]
    pub lease: Duration,
}

/// Opens the store and serves shipments until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url)
        .await
        .context("cannot open the store of shipping")?;
    let shutdown = Shutdown::default();
    let watch = tokio::spawn(queue::watch(store.clone(), shutdown.clone()));
    Server::new("shipping")
        .style(Style::Spring)
        .grpc(grpc::NAME)
        .ready(works("shipping-db", &store))
        .shutdown(shutdown)
        .serve(&config.common, app(store.clone(), config.lease))
        .await?;
    watch.await?;
    store.close().await;
    Ok(())
}

/// The whole service, REST and gRPC over one store, ready for a port or a test.
pub fn app(store: Store, lease: Duration) -> Router {
    let checks = vec![
        works("shipping-rabbitmq", &store),
        health::alive("shipping"),
    ];
    let rest = rest::routes(store.clone()).merge(health::routes("/health", checks));
    Style::Spring.dress(rest).merge(grpc::routes(store, lease))
}

/// A check that the store answers, under the name it goes by.
fn works(name: &'static str, store: &Store) -> Check {
    let store = store.clone();
    Check::new(name, move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
    <worker::Config as clap::CommandFactory>::command().debug_assert();
}
