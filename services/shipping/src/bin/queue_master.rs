//! Executable of the queue-master, the worker of the shipping queue.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = shipping::worker::Config::parse();
    let _telemetry = chassis::telemetry::start("queue-master", &config.common)?;
    shipping::worker::run(config).await
}
