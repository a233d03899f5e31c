//! A very small HTTP client: plain, bounded in size and time, and following
//! nothing.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Method, Request};
use chassis::{Error, Result, deadline};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What one call may take (contract: `http.timeout`).
const CALL: Duration = Duration::from_secs(5);

/// Nothing waits on a dead host longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum size of a response body in bytes; longer ones are errors.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Sends requests over connections it keeps.
pub(super) struct Http(Client<HttpConnector, Full<Bytes>>);

/// What is sent: a method, a URL, the type wanted back, and a JSON body when
/// it is not empty.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) accept: &'static str,
    pub(super) body: Vec<u8>,
}

impl Http {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Returns the body of a successful answer. Anything else, a redirect too,
    /// means that the service cannot be used.
    pub(super) async fn send(&self, call: Call) -> Result<Bytes> {
        deadline::within(CALL, self.exchange(call)).await.flatten()
    }

    async fn exchange(&self, call: Call) -> Result<Bytes> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(&call.url)
            .header(ACCEPT, call.accept);
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::from(call.body));
        let request = request.map_err(|_| Error::invalid("not a URL that can be read"))?;
        let answer = self.0.request(request).await.map_err(Error::unavailable)?;
        let status = answer.status();
        if !status.is_success() {
            let cause = format!("{} answered {status}", call.url);
            return Err(Error::unavailable(cause));
        }
        let body = Limited::new(answer.into_body(), MAX_RESPONSE_BYTES)
            .collect()
            .await;
        Ok(body.map_err(Error::unavailable)?.to_bytes())
    }
}
