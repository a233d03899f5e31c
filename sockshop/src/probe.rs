//! Asking a process over HTTP how it is.

use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Maximum size of a response in bytes; longer ones fail the probe.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Interval between two attempts of [`until_ready`].
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What the other side said.
pub(crate) struct Answer {
    /// Status code of the response.
    pub(crate) status: StatusCode,
    /// Body of the response as text.
    pub(crate) body: String,
}

/// Gets `url`, within `patience`.
pub(crate) async fn get(url: &Uri, patience: Duration) -> anyhow::Result<Answer> {
    tokio::time::timeout(patience, fetch(url))
        .await
        .with_context(|| format!("no answer within {patience:?}"))?
}

async fn fetch(url: &Uri) -> anyhow::Result<Answer> {
    if url.scheme_str() != Some("http") {
        bail!("only http:// can be asked");
    }
    let host = url.host().context("there is no host to ask")?;
    let port = url.port_u16().unwrap_or(80);
    let connection = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
    let driver = tokio::spawn(connection);

    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.authority().map_or(host, |authority| authority.as_str());
    let request = Request::get(path)
        .header(HOST, authority)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
        .collect()
        .await;
    driver.abort();
    let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Returns once `url` answers 200.
pub(crate) async fn until_ready(url: &Uri) {
    loop {
        let answer = get(url, Duration::from_secs(2)).await;
        if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
            return;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
