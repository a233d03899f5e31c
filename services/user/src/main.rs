//! The user service: who buys.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = user::Config::parse();
    let _telemetry = chassis::telemetry::start("user", &config.common)?;
    user::run(config).await
}
