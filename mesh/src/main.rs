//! A mesh node: lets services find each other, by DNS.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = mesh::Config::parse();
    let _telemetry = chassis::telemetry::start("meshd", &config.common)?;
    mesh::run(config).await
}
