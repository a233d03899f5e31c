//! The orders: places them, remembers them, follows them until they are
//! shipped.
//!
//! A wish to buy enters through [`rest`] or [`grpc`] and becomes an order in
//! [`place`]: written down first, then priced, paid, and only then
//! acknowledged. What follows from a paid order stands in the outbox, written
//! with it, and the [`relay`] tells the others. [`recover`] takes up what a
//! process left behind when it died, [`track`] asks shipping how far it has
//! come, [`cancel`] takes an order back until it is packed. Each of them may
//! run in several processes on one database.

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Discovery, Server, Shutdown, health};

pub mod app;
pub mod cancel;
pub mod dto;
pub mod grpc;
pub mod hrefs;
pub mod order;
pub mod place;
pub mod recover;
pub mod relay;
pub mod rest;
pub mod status;
pub mod store;
pub mod track;
pub mod upstreams;

pub use app::{App, Limits};
pub use order::{Order, PlaceOrder};
pub use status::State;
pub use store::Store;
pub use upstreams::Upstreams;

/// Settings of the orders service.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "orders", version, about = "Places orders and follows them")]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where orders are kept: an `sqlite:` or a `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:orders.db?mode=rwc")]
    pub database_url: String,

    /// How to speak to the other services: `rest` for those of the original.
    #[arg(long, env, value_enum, default_value_t = upstreams::Protocol::Grpc)]
    pub upstreams: upstreams::Protocol,

    /// More hosts an href may name, as host or host:port, separated by commas; user, carts and cart always may.
    #[arg(long, env, value_delimiter = ',')]
    pub href_hosts: Vec<String>,

    /// Ports an href may name where the host is given without one.
    #[arg(long, env, value_delimiter = ',', default_value = "80,8080")]
    pub href_ports: Vec<u16>,

    /// How long things may take.
    #[command(flatten)]
    pub limits: Limits,
}

/// Opens the store and serves orders until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let discovery = Discovery::new(&config.common.discovery)?;
    let shop = App::open(&config, &discovery).await?;
    let (store, shutdown) = (shop.store.clone(), Shutdown::default());
    let work = tokio::spawn(work(shop.clone(), shutdown.clone()));
    Server::new("orders")
        .style(Style::Spring)
        .grpc("sockshop.orders.v1.Orders")
        .ready(database(&store))
        .shutdown(shutdown)
        .serve(&config.common, app(shop))
        .await?;
    work.await?;
    store.close().await;
    Ok(())
}

/// The whole service, REST and gRPC over one store, ready for a port or a test.
pub fn app(shop: App) -> Router {
    let checks = vec![health::alive("orders"), database(&shop.store)];
    let rest = rest::routes(shop.clone()).merge(health::routes("/health", checks));
    Style::Spring.dress(rest).merge(grpc::routes(shop))
}

/// Relays, recovers and follows until `shutdown`. It may stop anywhere:
/// whatever is left undone is in the database.
pub async fn work(shop: App, shutdown: Shutdown) {
    let all = async { tokio::join!(relay::run(&shop), recover::run(&shop), track::run(&shop)) };
    tokio::select! {
        () = shutdown.closing() => {}
        _ = all => {}
    }
}

fn database(store: &Store) -> Check {
    let store = store.clone();
    Check::new("orders-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
