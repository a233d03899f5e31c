//! The carts: what a visitor means to buy.
//!
//! A request enters through [`rest`] or [`grpc`], which check it and ask the
//! [`Store`]. The rules of carts are in [`mod@cart`]: the store in tables applies
//! them as they stand, the one in Redis keeps them in scripts, and the tests hold
//! both to the same [`Cart`].

use std::time::Duration;

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Server, Shutdown, clock, health};

pub mod cart;
pub mod grpc;
pub mod rest;
pub mod store;

pub use cart::{Addition, Bought, Cart, Item};
pub use store::Store;

/// Settings of the cart service.
#[derive(Debug, clap::Parser)]
#[command(version, about = "What a visitor means to buy")]
pub struct Config {
    /// Settings every service shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where carts are kept: an `sqlite:`, a `postgres:` or a `redis:` URL.
    #[arg(long, env, default_value = "sqlite:cart.db?mode=rwc")]
    pub database_url: String,

    /// What all keys in Redis begin with.
    #[arg(long, env, default_value = "cart:")]
    pub key_prefix: String,
}

/// Opens the store and serves the carts until told to end.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url, &config.key_prefix).await?;
    let shutdown = Shutdown::default();
    tokio::spawn(forget(store.clone(), shutdown.clone()));
    Server::new("carts")
        .style(Style::Spring)
        .grpc(grpc::NAME)
        .ready(database(&store))
        .shutdown(shutdown)
        .serve(&config.common, app(store))
        .await
}

/// The whole service, REST and gRPC over one store, ready for a port or a test.
pub fn app(store: Store) -> Router {
    let checks = vec![health::alive("carts"), database(&store)];
    let rest = rest::routes(store.clone()).merge(health::routes("/health", checks));
    Style::Spring.dress(rest).merge(grpc::routes(store))
}

fn database(store: &Store) -> Check {
    let store = store.clone();
    Check::new("carts-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

/// Drops idle carts once an hour, until the process ends.
async fn forget(store: Store, shutdown: Shutdown) {
    let mut hours = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            _ = hours.tick() => {}
            () = shutdown.closing() => return,
        }
        let old = clock::now_ms() - store::KEPT_MS;
        if let Err(error) = store.forget_before(old).await {
            tracing::warn!(%error, "idle carts could not be dropped");
        }
    }
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
