//! The front-end: what people and the original's clients talk to.
//!
//! A request passes [`security`] and [`legacy_paths`], then enters through [`pages`]
//! (for people) or [`json`] (for the original's clients). Both learn from
//! [`Visitor`] who is asking, ask the services behind the [`AppState`] over gRPC
//! and put the answer into HTML or JSON.

use axum::Router;
use chassis::admin::Check;
use chassis::forwarded::ProxySettings;
use chassis::settings::optional_boolean;
use chassis::{Discovery, Server};

pub mod assets;
pub mod catalogue_cache;
pub mod cookies;
mod event_streams;
pub mod json;
pub mod key;
pub mod legacy_paths;
pub mod pages;
pub mod pictures;
pub mod security;
pub mod session;
pub mod state;
mod timeout;
pub mod visitor;

pub use key::Key;
pub use security::{Edge, Gate};
pub use state::{AppState, CALLS, Release, Services};
pub use visitor::Visitor;

/// Settings of the front-end.
#[derive(Debug, clap::Parser)]
#[command(version, about = "The web shop, and the JSON its older clients know")]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Where sessions are kept: an `sqlite:`, a `postgres:` or a `redis:` URL.
    #[arg(long, env, default_value = "sqlite:sessions.db?mode=rwc")]
    pub session_store: String,

    /// Secret that signs cookies: 32 bytes or more, in hex or base64. Front-ends of one shop must share it.
    #[arg(long, env, hide_env_values = true, value_parser = Key::read)]
    pub session_key: Option<Key>,

    /// Colour of the ribbon that tells releases apart, e.g. `blue` or `green`.
    #[arg(long, env)]
    pub shop_theme: Option<String>,

    /// Send cookies over https only: `true` or `false`; unset, whenever a browser came by https as far as is known.
    #[arg(long, env, default_value = "", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = optional_boolean)]
    pub secure_cookies: std::option::Option<bool>,

    /// How browsers reach this front-end.
    #[command(flatten)]
    pub proxies: ProxySettings,
}

/// Opens the session store and serves the front-end until told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let sessions = session::Store::open(&config.session_store).await?;
    let shop = shop(&config)?;
    let store = sessions.clone();
    let ready = Check::new("session-db", move || {
        let store = store.clone();
        async move { store.ping().await }
    });
    let closing = sessions.clone();
    let sweeping = tokio::spawn(sessions.clone().sweep(shop.shutdown.clone()));
    let outcome = Server::new("front-end")
        .ready(ready.optional()) // whoever has not signed in needs no session
        .shutdown(shop.shutdown.clone())
        .serve(&config.common, app(shop, sessions))
        .await;
    sweeping.abort();
    closing.close().await;
    outcome
}

fn shop(config: &Config) -> anyhow::Result<AppState> {
    let key = config.session_key.clone().unwrap_or_else(|| {
        tracing::warn!("no SESSION_KEY: visitors are forgotten when this process ends");
        Key::random()
    });
    let release = Release {
        version: config.common.version.clone(),
        instance: config.common.instance(),
        theme: config.shop_theme.clone(),
    };
    let services = Services::find(&Discovery::new(&config.common.discovery)?)?;
    let mut shop = AppState::new(services, release, key);
    shop.edge = Edge {
        proxies: config.proxies.clone(),
        secure_cookies: config.secure_cookies,
    };
    Ok(shop)
}

/// The whole front-end, ready for a port or a test.
pub fn app(shop: AppState, sessions: session::Store) -> Router {
    let sessions = sessions.layer(&shop.key);
    let gate = Gate::new(&shop.key, shop.edge.clone());
    let visited = json::routes().merge(pages::routes(&shop)).layer(sessions);
    let app = assets::routes().merge(pictures::routes()).merge(visited);
    let app = legacy_paths::unknown(app).with_state(shop);
    gate.protect(legacy_paths::tidy(app))
}

#[test]
fn flags_are_consistent() {
    <Config as clap::CommandFactory>::command().debug_assert();
}
