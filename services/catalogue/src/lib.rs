//! Catalogue service: the products of the shop.
//!
//! A request enters through [`rest`] or [`grpc`], which read [`Product`]s from the
//! [`ProductCache`] and convert them. The cache is an in-memory snapshot of the
//! [`Store`], at most one second old: products are read far more often than they
//! change.

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Server, health};

pub mod cache;
pub mod grpc;
pub mod pictures;
pub mod product;
pub mod rest;
pub mod store;

pub use cache::ProductCache;
pub use product::{Filter, Product};
pub use store::Store;

/// Settings of the catalogue service.
#[derive(Debug, clap::Parser)]
#[command(
    name = "catalogue",
    version,
    about = "Serve the product catalogue over REST and gRPC"
)]
pub struct Config {
    /// Settings common to all processes.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Database of the products: an `sqlite:` or `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:catalogue.db?mode=rwc")]
    pub database_url: String,
}

/// Opens the store and serves requests until shutdown.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url).await?;
    Server::new("catalogue")
        .style(Style::Go)
        .grpc("sockshop.catalogue.v1.Catalogue")
        .ready(store_check(&store))
        .serve(&config.common, app(store.clone()))
        .await?;
    store.close().await;
    Ok(())
}

/// Builds the router of the service: REST, gRPC and health over one store.
pub fn app(store: Store) -> Router {
    let checks = vec![health::alive("catalogue"), store_check(&store)];
    let cache = ProductCache::new(store);
    let routes = rest::routes(cache.clone())
        .merge(grpc::routes(cache))
        // The original's was a prefix (contract README, "Health").
        .merge(health::routes("/health", checks.clone()))
        .merge(health::routes("/healthz", checks));
    Style::Go.dress(routes)
}

/// Readiness check of the database.
fn store_check(store: &Store) -> Check {
    let store = store.clone();
    Check::new("catalogue-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
