//! The catalogue: what the shop sells.
//!
//! A request enters through [`rest`] or [`grpc`], both of which ask the
//! [`Shelf`] for [`Product`]s and translate the answer. The shelf is a copy in
//! memory of what the [`Store`] holds, at most a second old: products are read
//! a thousand times for each time they change.

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Server, health};

pub mod grpc;
pub mod pictures;
pub mod product;
pub mod rest;
pub mod shelf;
pub mod store;

pub use product::{Filter, Product};
pub use shelf::Shelf;
pub use store::Store;

/// Settings of the catalogue service.
#[derive(Debug, clap::Parser)]
#[command(name = "catalogue", version, about = "What the shop sells")]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where products are kept: an `sqlite:` or a `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:catalogue.db?mode=rwc")]
    pub database_url: String,
}

/// Opens the store and serves the catalogue until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url).await?;
    Server::new("catalogue")
        .style(Style::Go)
        .grpc("sockshop.catalogue.v1.Catalogue")
        .ready(database(&store))
        .serve(&config.common, app(store.clone()))
        .await?;
    store.close().await;
    Ok(())
}

/// The whole service, REST and gRPC over one store, ready for a port or a test.
pub fn app(store: Store) -> Router {
    let checks = vec![health::alive("catalogue"), database(&store)];
    let shelf = Shelf::new(store);
    let routes = rest::routes(shelf.clone())
        .merge(grpc::routes(shelf))
        // The original's was a prefix (contract README, "Health").
        .merge(health::routes("/health", checks.clone()))
        .merge(health::routes("/healthz", checks));
    Style::Go.dress(routes)
}

fn database(store: &Store) -> Check {
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
