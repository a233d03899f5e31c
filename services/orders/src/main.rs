//! The orders service: who bought what, and how far it has come.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = orders::Config::parse();
    let _telemetry = chassis::telemetry::start("orders", &config.common)?;
    orders::run(config).await
}
