//! The front-end: what people and the original's clients talk to.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    chassis::secrets::take()?;
    let config = frontend::Config::parse();
    let _telemetry = chassis::telemetry::start("front-end", &config.common)?;
    frontend::run(config).await
}
