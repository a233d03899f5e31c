//! `sockshop ask`: a request to the service of this container, or to those at
//! other addresses. An image has nothing else to ask with.

use std::collections::BTreeMap;
use std::net::IpAddr;
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

    /// Ask at each of these addresses, and print one JSON object: what each answers, null where there is no answer.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    each: Vec<IpAddr>,

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
    if options.each.is_empty() {
        return crate::print(&options.answer(options.bind).await?);
    }
    crate::print(&(serde_json::to_string(&options.answers().await)? + "\n"))
}

impl Options {
    /// What is answered at each address, asked all at once.
    async fn answers(&self) -> BTreeMap<IpAddr, Option<String>> {
        let ask = async |address: &IpAddr| (*address, self.answer(*address).await.ok());
        join_all(self.each.iter().map(ask))
            .await
            .into_iter()
            .collect()
    }

    /// What the service at `address` answers.
    async fn answer(&self, address: IpAddr) -> anyhow::Result<String> {
        let port = if self.admin {
            self.admin_port
        } else {
            self.port
        };
        let url = format!("http://{}{}", health::own(address, port), self.path);
        let answer = probe::get(&url.parse()?, self.timeout).await?;
        ensure!(
            answer.status.is_success(),
            "{url} answers {}",
            answer.status
        );
        Ok(answer.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, routing::get};

    #[tokio::test]
    async fn one_that_does_not_answer_keeps_nobody_from_being_heard() {
        let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().route("/health", get(async || "well"));
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        let [silent, here] = ["127.0.0.3", "127.0.0.2"].map(|address| address.parse().unwrap());
        let options = Options {
            path: "/health".to_owned(),
            admin: false,
            bind: silent,
            each: vec![silent, here],
            port,
            admin_port: port,
            timeout: Duration::from_secs(2),
        };
        let answers = options.answers().await;
        assert_eq!(answers[&here].as_deref(), Some("well"));
        assert_eq!(answers[&silent], None);
        assert!(
            run(&Options {
                each: Vec::new(),
                ..options
            })
            .await
            .is_err()
        );
        server.abort();
    }
}
