//! Executable of the cart service.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = cart::Config::parse();
    let _telemetry = chassis::telemetry::start("carts", &config.common)?;
    cart::run(config).await
}
