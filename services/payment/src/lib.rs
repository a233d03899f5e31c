//! Payment service: authorises amounts against a limit.
//!
//! A request enters through [`rest`], which only applies the rule ([`authorise`]), or
//! through [`grpc`], which has an order id: then the [`Store`] commits the decision
//! before the response, and repeated requests get the stored decision.

use anyhow::Context;
use axum::Router;
use chassis::Server;
use chassis::admin::Check;
use chassis::health;
use chassis::rest::Style;

pub mod authorisation;
pub mod grpc;
pub mod rest;
pub mod store;

pub use authorisation::{Authorisation, authorise};
pub use store::Store;

/// Settings of the payment service.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "payment",
    version,
    about = "Authorise payments against a limit over REST and gRPC"
)]
pub struct Config {
    /// Settings common to all services.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Database of the authorisations: an `sqlite:` or `postgres:` URL.
    #[arg(long, env, default_value = "sqlite:payment.db?mode=rwc")]
    pub database_url: String,

    /// Maximum amount that is authorised, e.g. 105 or 99.50.
    #[arg(long = "limit", env = "PAYMENT_LIMIT", default_value = "105", value_parser = authorisation::parse_limit, value_name = "AMOUNT")]
    pub limit_cents: i64,
}

/// Opens the store and serves requests until shutdown.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let store = Store::open(&config.database_url)
        .await
        .context("cannot open the payment store")?;
    let (probe, closing) = (store.clone(), store.clone());
    Server::new("payment")
        .style(Style::Go)
        .grpc(grpc::NAME)
        .ready(Check::new("payment-db", move || {
            let store = probe.clone();
            async move { store.ping().await }
        }))
        .serve(&config.common, app(store, config.limit_cents))
        .await?;
    closing.close().await;
    Ok(())
}

/// Builds the router of the service: REST, gRPC and health.
pub fn app(store: Store, limit_cents: i64) -> Router {
    let rest =
        rest::routes(limit_cents).merge(health::routes("/health", vec![health::alive("payment")]));
    Style::Go
        .dress(rest)
        .merge(grpc::routes(store, limit_cents))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Config;

    #[test]
    fn flags_are_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn a_limit_that_is_no_amount_stops_the_start() {
        let error = Config::try_parse_from(["payment", "--limit", "lots"]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("--limit") && text.contains("105 or 99.50"),
            "{text}"
        );
        let config = Config::try_parse_from(["payment", "--limit", "99.5"]).unwrap();
        assert_eq!(config.limit_cents, 9950);
    }
}
