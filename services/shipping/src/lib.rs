//! Shipping service: stores shipments and is the work queue of the queue-master.
//!
//! A shipment enters through [`rest`] or [`grpc`] and is committed to the [`Store`]. A
//! [`worker`] (the process `queue-master`) leases the oldest shipments, packs them and
//! completes them, over gRPC; [`Shipment`] validates the state transitions. The leases
//! of a worker that dies expire, and another worker takes over.
//!
//! The original used `RabbitMQ`; here the table is the queue, so an acknowledged
//! shipment is durable and no broker is needed.

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
    about = "Store shipments and lease them to workers"
)]
pub struct Config {
    /// Settings common to all services.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Database of the shipments: an `sqlite:` or `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:shipping.db?mode=rwc")]
    pub database_url: String,

    /// Duration of a lease, after which another worker may lease the shipment.
    #[arg(long, env = "SHIPPING_LEASE", default_value = "30s", value_parser = settings::duration)]
    pub lease: Duration,
}

/// Opens the store and serves requests until shutdown.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url)
        .await
        .context("cannot open the shipping store")?;
    let shutdown = Shutdown::default();
    let watch = tokio::spawn(queue::watch(store.clone(), shutdown.clone()));
    Server::new("shipping")
        .style(Style::Spring)
        .grpc(grpc::NAME)
        .ready(store_check("shipping-db", &store))
        .shutdown(shutdown)
        .serve(&config.common, app(store.clone(), config.lease))
        .await?;
    watch.await?;
    store.close().await;
    Ok(())
}

/// Builds the router of the service: REST, gRPC and health over one store.
pub fn app(store: Store, lease: Duration) -> Router {
    let checks = vec![
        store_check("shipping-rabbitmq", &store),
        health::alive("shipping"),
    ];
    let rest = rest::routes(store.clone()).merge(health::routes("/health", checks));
    Style::Spring.dress(rest).merge(grpc::routes(store, lease))
}

/// Readiness check of the store, reported as `name`.
fn store_check(name: &'static str, store: &Store) -> Check {
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
