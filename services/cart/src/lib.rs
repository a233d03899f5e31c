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
use chassis::settings::duration;
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

    /// How long a guest's cart is kept after its last touch, e.g. 30d or 12h. The cart of a customer with an account is
    /// kept for ever.
    #[arg(long, env, default_value = "30d", value_parser = sane_ttl)]
    pub guest_cart_ttl: Duration,
}

/// Reads a time to live; carts that vanish at once are a slip.
fn sane_ttl(text: &str) -> Result<Duration, String> {
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

/// Longest time to live of a guest's cart, in days.
const MAX_TTL_DAYS: u32 = 36_500;

/// How often guests' carts are swept; each sweep waits up to half as long again,
/// so that instances of the service do not all sweep at once.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// Opens the store and serves the carts until told to end.
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
        .ready(database(&store))
        .shutdown(shutdown)
        .serve(&config.common, app(store.clone()))
        .await?;
    sweeping.abort();
    store.close().await;
    Ok(())
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

/// Sweeps guests' carts again and again, until the process ends.
async fn sweep(store: Store, shutdown: Shutdown) {
    loop {
        let jitter = SWEEP_INTERVAL.mul_f64(rand::random_range(0.0..0.5));
        match store.sweep(clock::now_ms()).await {
            Ok(0) => {}
            Ok(carts) => tracing::info!(carts, "guests' carts were swept"),
            Err(error) => tracing::warn!(%error, "guests' carts could not be swept"),
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
    assert_eq!(sane_ttl("30d"), Ok(hours(720)));
    assert_eq!(sane_ttl("12h"), Ok(hours(12)));
    for bad in ["0d", "1s", "-1d", "soon", ""] {
        assert!(sane_ttl(bad).is_err(), "{bad}");
    }
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
