//! `sockshop ask`: a request to the service of this container. Its image has
//! nothing else to ask with.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::ensure;
use futures_util::future::join_all;

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

    /// Ask the services at these addresses instead, all at once, and print a JSON object:
    /// the answer by address, null where there is none.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    each: Vec<IpAddr>,

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
    if options.each.is_empty() {
        let answer = answer(options, health::own(options.bind, port)).await?;
        return crate::print(&answer);
    }
    let answers = each(options, port).await;
    crate::print(&(serde_json::to_string(&answers)? + "\n"))
}

/// The answers by address, of those that give one.
async fn each(options: &Options, port: u16) -> BTreeMap<IpAddr, Option<String>> {
    let answers = options.each.iter().map(async |address| {
        let answer = answer(options, SocketAddr::new(*address, port)).await;
        (*address, answer.ok())
    });
    join_all(answers).await.into_iter().collect()
}

async fn answer(options: &Options, address: SocketAddr) -> anyhow::Result<String> {
    let url = format!("http://{address}{}", options.path);
    let answer = probe::get(&url.parse()?, options.timeout).await?;
    ensure!(
        answer.status.is_success(),
        "{url} answers {}",
        answer.status
    );
    Ok(answer.body)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use clap::Parser;
    use tokio::net::TcpListener;

    use super::*;

    #[derive(Parser)]
    struct Ask {
        #[command(flatten)]
        options: Options,
    }

    #[tokio::test]
    async fn each_is_asked_and_who_does_not_answer_is_null() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let page = Router::new().route("/metrics", get(|| async { "up 1\n" }));
        let served = tokio::spawn(async { axum::serve(listener, page).await });
        let ask = ["ask", "/metrics", "--each", "127.0.0.1,127.0.0.2"];
        let options = Ask::parse_from(ask).options;
        let answers = serde_json::to_string(&each(&options, port).await).unwrap();
        assert_eq!(answers, r#"{"127.0.0.1":"up 1\n","127.0.0.2":null}"#);
        served.abort();
    }
}
