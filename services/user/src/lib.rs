//! The users: who buys, where socks are sent to and what pays for them.
//!
//! A request enters through [`rest`] or [`grpc`]. Opening an account and
//! signing in are stories of several steps and told by [`Accounts`]; all else
//! goes to the [`Store`] at once. [`password`] knows how passwords are kept.
//!
//! What must not be kept is dropped on the way in: of a card only the last
//! four digits and the expiry reach the store, of a password only its hash.
//! [`schema`] tells how the hashes moved into a table of their own while
//! releases from before and after ran side by side.

use axum::Router;
use axum::middleware::from_fn;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Server, health};
use proto::user::users_server::SERVICE_NAME;

pub mod accounts;
pub mod address;
pub mod card;
pub mod customer;
pub mod grpc;
pub mod login_throttle;
mod observe;
pub mod password;
pub mod queue;
pub mod rest;
pub mod schema;
pub mod source;
pub mod store;
pub mod validate;
pub mod verified_cache;

pub use accounts::Accounts;
pub use address::Address;
pub use card::{Card, CardKey};
pub use customer::Customer;
pub use schema::Schema;
pub use source::Source;
pub use store::Store;

/// Settings of the user service.
#[derive(Debug, clap::Parser)]
#[command(
    name = "user",
    version,
    about = "Who buys: accounts, addresses and cards"
)]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where customers are kept: an `sqlite:` or a `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:user.db?mode=rwc")]
    pub database_url: String,

    /// Host (and port, when not 80) that links in REST answers point to.
    #[arg(long, env = "HATEAOS", default_value = "user")]
    pub link_domain: String,

    /// Secret of 32 characters or more that tells cards with the same last four digits and expiry date apart. Without one,
    /// a customer's two such cards count as one. Instances of one shop must share it.
    #[arg(long, env, hide_env_values = true, value_parser = CardKey::read)]
    pub card_key: Option<CardKey>,
}

/// Opens the store and serves the users until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let schema = Schema::of(&config.common.version);
    let store = Store::open_as(&config.database_url, schema).await?;
    Server::new("user")
        .style(Style::Hal)
        .grpc(SERVICE_NAME)
        .ready(database(&store))
        .serve(
            &config.common,
            app_with(store.clone(), &config.link_domain, config.card_key),
        )
        .await?;
    store.close().await;
    Ok(())
}

/// The whole service, REST and gRPC over one store, ready for a port or a test.
pub fn app(store: Store, link_domain: &str) -> Router {
    app_with(store, link_domain, None)
}

/// As [`app`], with a secret that card numbers are fingerprinted with.
pub fn app_with(store: Store, link_domain: &str, card_key: Option<CardKey>) -> Router {
    let checks = vec![health::alive("user"), database(&store)];
    let accounts = Accounts::new(store.clone());
    let routes = rest::routes(store.clone(), accounts.clone(), link_domain)
        .merge(grpc::routes(store, accounts, card_key))
        // The original's was a prefix (contract README, "Health").
        .merge(health::routes("/health", checks.clone()))
        .merge(health::routes("/healthz", checks));
    Style::Hal.dress(routes).layer(from_fn(observe::count))
}

fn database(store: &Store) -> Check {
    let store = store.clone();
    Check::new("user-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    })
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
