//! Executable of the payment service.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = payment::Config::parse();
    let _telemetry = chassis::telemetry::start("payment", &config.common)?;
    payment::run(config).await
}
