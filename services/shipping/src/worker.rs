//! Queue-master: the worker that packs and ships the shipments of the queue.
//!
//! It leases as many shipments as it has free slots (`lease`) and processes each on
//! its own task (`pack`). It is stateless: when it is killed its leases expire and
//! another worker takes over; when it cannot reach shipping it retries.
//!
//! The original consumed a `RabbitMQ` queue. Here shipping is the queue, called over
//! gRPC, and the broker entry in `/health` reports whether shipping responds.

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

/// gRPC client of the shipping service.
pub type Shipping = ShippingClient<Client>;

/// Settings of the queue-master.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "queue-master",
    version,
    about = "Pack and ship the queued shipments"
)]
pub struct Config {
    /// Settings common to all processes.
    #[command(flatten)]
    pub common: chassis::Settings,

    /// Durations and concurrency of the work.
    #[command(flatten)]
    pub settings: WorkerSettings,
}

/// Durations and concurrency of a worker.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct WorkerSettings {
    /// Duration of packing one shipment.
    #[arg(long, env, default_value = "800ms", value_parser = settings::duration)]
    pub pack_time: Duration,

    /// Duration from packed to shipped.
    #[arg(long, env, default_value = "700ms", value_parser = settings::duration)]
    pub ship_time: Duration,

    /// Maximum number of shipments in progress.
    #[arg(long, env, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_in_flight: u32,
}

/// Processes shipments until shutdown, then stops leasing, finishes its shipments within
/// the drain window and releases the rest.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let shipping = shipping(&Discovery::new(&config.common.discovery)?)?;
    let shutdown = Shutdown::default();
    let worker = Worker::new(shipping.clone(), config.common.instance(), config.settings);
    let work = tokio::spawn(worker.run(shutdown.clone()));
    Server::new("queue-master")
        .style(Style::Spring)
        .metrics_at("/prometheus")
        .shutdown(shutdown)
        .serve(&config.common, app(shipping))
        .await?;
    work.await?;
    Ok(())
}

/// Builds the router of the queue-master: its health endpoint.
pub fn app(shipping: Shipping) -> Router {
    let broker = Check::new("queue-master-rabbitmq", move || {
        let mut shipping = shipping.clone();
        async move {
            shipping.get_queue(GetQueueRequest {}).await?;
            Ok(())
        }
    });
    let checks = vec![health::alive("queue-master"), broker];
    Style::Spring.dress(health::routes("/health", checks))
}

/// Names of the services that the queue-master calls.
pub const CALLS: [&str; 1] = ["shipping"];

/// Creates the client of shipping; packing and completing are idempotent.
pub fn shipping(discovery: &Discovery) -> anyhow::Result<Shipping> {
    let idempotent = &["PackShipment", "CompleteShipment"];
    let [shipping] = CALLS;
    let client = Client::with_idempotent(discovery, shipping, idempotent)?;
    Ok(ShippingClient::new(client))
}
