//! Cart service: the shopping carts of visitors and customers.
//!
//! A request enters through [`rest`] or [`grpc`], which validate it and call the
//! [`Store`]. The rules of carts are in [`mod@cart`]: the SQL store applies them
//! directly, the Redis store implements them as Lua scripts, and the tests compare
//! both with the same [`Cart`].

use std::time::Duration;

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::settings::duration;
use chassis::{Server, Shutdown, clock, health};

pub mod cart;
pub mod grpc;
pub mod rest;
pub mod store;

pub use cart::{Cart, Item, NewItem, PurchasedItem};
pub use store::Store;

/// Settings of the cart service.
#[derive(Debug, clap::Parser)]
#[command(version, about = "Serve shopping carts over REST and gRPC")]
pub struct Config {
    /// Settings common to all services.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Database of the carts: an `sqlite:`, `postgres:` or `redis:` URL.
    #[arg(long, env, default_value = "sqlite:cart.db?mode=rwc")]
    pub database_url: String,

    /// Prefix of all Redis keys.
    #[arg(long, env, default_value = "cart:")]
    pub key_prefix: String,

    /// Time to live of a guest's cart after its last use, e.g. 30d or 12h. Carts of customers with an account do not
    /// expire.
    #[arg(long, env, default_value = "30d", value_parser = parse_guest_ttl)]
    pub guest_cart_ttl: Duration,
}

/// Parses the time to live of guest carts; rejects less than a minute.
fn parse_guest_ttl(text: &str) -> Result<Duration, String> {
    let days = text
        .trim()
        .strip_suffix('d')
        .and_then(|days| days.parse().ok());
    let ttl = match days {
        Some(days) => Duration::from_secs(u64::from(u32::min(days, MAX_TTL_DAYS)) * 24 * 3600),
        None => duration(text)?,
    };
    if ttl < Duration::from_secs(60) {
        return Err(format!("`{text}` is less than a minute"));
    }
    Ok(ttl)
}

/// Maximum time to live of a guest's cart, in days.
const MAX_TTL_DAYS: u32 = 36_500;

/// Interval between sweeps of expired guest carts; up to half of it is added as
/// jitter, so that instances do not all sweep at once.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// Opens the store and serves requests until shutdown.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(
        &config.database_url,
        &config.key_prefix,
        config.guest_cart_ttl,
    )
    .await?;
    let shutdown = Shutdown::default();
    let sweeping = tokio::spawn(sweep(store.clone(), shutdown.clone()));
    Server::new("carts")
        .style(Style::Spring)
        .grpc(grpc::NAME)
        .ready(store_check(&store))
        .shutdown(shutdown)
        .serve(&config.common, app(store.clone()))
        .await?;
    sweeping.abort();
    store.close().await;
    Ok(())
}

/// Builds the router of the service: REST, gRPC and health over one store.
pub fn app(store: Store) -> Router {
    let checks = vec![health::alive("carts"), store_check(&store)];
    let rest = rest::routes(store.clone()).merge(health::routes("/health", checks));
    Style::Spring.dress(rest).merge(grpc::routes(store))
}

/// Readiness check of the store.
fn store_check(store: &Store) -> Check {
    let store = store.clone();
    Check::new("carts-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

/// Deletes expired guest carts periodically until shutdown.
async fn sweep(store: Store, shutdown: Shutdown) {
    loop {
        let jitter = SWEEP_INTERVAL.mul_f64(rand::random_range(0.0..0.5));
        match store.sweep(clock::now_ms()).await {
            Ok(0) => {}
            Ok(carts) => tracing::info!(carts, "expired guest carts deleted"),
            Err(error) => tracing::warn!(%error, "cannot delete expired guest carts"),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_INTERVAL + jitter) => {}
            () = shutdown.closing() => return,
        }
    }
}

#[test]
fn a_time_to_live_is_read_in_days_or_less() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert_eq!(parse_guest_ttl("30d"), Ok(hours(720)));
    assert_eq!(parse_guest_ttl("12h"), Ok(hours(12)));
    for bad in ["0d", "1s", "-1d", "soon", ""] {
        assert!(parse_guest_ttl(bad).is_err(), "{bad}");
    }
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
