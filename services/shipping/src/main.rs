//! Executable of the shipping service.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = shipping::Config::parse();
    let _telemetry = chassis::telemetry::start("shipping", &config.common)?;
    shipping::run(config).await
}
