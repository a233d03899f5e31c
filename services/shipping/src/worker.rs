//! The queue-master: packs and ships what shipping has waiting.
//!
//! It leases as many shipments as it has hands free (`lease`), and sees each
//! through on a task of its own (`pack`). It keeps nothing: one that is killed lets
//! its leases run out and another takes over; one that cannot reach shipping asks
//! again until it can.
//!
//! The original consumed a `RabbitMQ` queue. Here shipping is the queue, spoken to over
//! gRPC, and its entry in `/health` tells whether shipping answers.

use std::time::Duration;

use axum::Router;
use chassis::admin::Check;
use chassis::rest::Style;
use chassis::{Client, Discovery, Server, Shutdown, health, settings};
use proto::shipping::GetQueueRequest;
use proto::shipping::shipping_client::ShippingClient;

mod lease;
mod pack;

pub use lease::Worker;

/// Shipping, wherever it is at the moment.
pub type Shipping = ShippingClient<Client>;

/// Settings of the queue-master.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "queue-master", version, about = "Packs and ships what waits")]
pub struct Config {
    /// Settings every process shares.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// How it works.
    #[command(flatten)]
    pub pace: Pace,
}

/// How fast a worker works.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Pace {
    /// How long packing one shipment takes.
    #[arg(long, env, default_value = "800ms", value_parser = settings::duration)]
    pub pack_time: Duration,

    /// How long it takes from packed to shipped.
    #[arg(long, env, default_value = "700ms", value_parser = settings::duration)]
    pub ship_time: Duration,

    /// How many shipments are worked on at once.
    #[arg(long, env, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_in_flight: u32,
}

/// Works until told to stop: then takes nothing more, finishes what it has within the
/// drain window, and gives back the rest.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let shipping = shipping(&Discovery::new(&config.common.discovery)?)?;
    let shutdown = Shutdown::default();
    let worker = Worker::new(shipping.clone(), config.common.instance(), config.pace);
    let work = tokio::spawn(worker.work(shutdown.clone()));
    Server::new("queue-master")
        .style(Style::Spring)
        .metrics_at("/prometheus")
        .shutdown(shutdown)
        .serve(&config.common, app(shipping))
        .await?;
    work.await?;
    Ok(())
}

/// What the queue-master shows, ready for a port or a test.
pub fn app(shipping: Shipping) -> Router {
    let answers = Check::new("queue-master-rabbitmq", move || {
        let mut shipping = shipping.clone();
        async move {
            shipping.get_queue(GetQueueRequest {}).await?;
            Ok(())
        }
    });
    let checks = vec![health::alive("queue-master"), answers];
    Style::Spring.dress(health::routes("/health", checks))
}

/// Whom the queue-master calls, by name.
pub const CALLS: [&str; 1] = ["shipping"];

/// A connection to shipping; packing and completing may be repeated.
pub fn shipping(discovery: &Discovery) -> anyhow::Result<Shipping> {
    let idempotent = &["PackShipment", "CompleteShipment"];
    let [shipping] = CALLS;
    let client = Client::with_idempotent(discovery, shipping, idempotent)?;
    Ok(ShippingClient::new(client))
}
