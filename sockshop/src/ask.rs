//! `sockshop ask`: a request to the service of this container. Its image has
//! nothing else to ask with.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::ensure;

use crate::{health, probe};

/// What to ask, and whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Path of the page, such as /metrics.
    path: String,

    /// Ask the admin port.
    #[arg(long)]
    admin: bool,

    /// Address the service listens on.
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,

    /// Port of the service.
    #[arg(long, env, default_value_t = 8080)]
    port: u16,

    /// Admin port of the service.
    #[arg(long, env, default_value_t = 9090)]
    admin_port: u16,

    /// How long to wait for the answer.
    #[arg(long, default_value = "2s", value_parser = chassis::settings::duration)]
    timeout: Duration,
}

/// Prints the answer; fails when it is none to be happy with.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let port = if options.admin {
        options.admin_port
    } else {
        options.port
    };
    let url = format!("http://{}{}", health::own(options.bind, port), options.path);
    let answer = probe::get(&url.parse()?, options.timeout).await?;
    ensure!(
        answer.status.is_success(),
        "{url} answers {}",
        answer.status
    );
    crate::print(&answer.body)
}
