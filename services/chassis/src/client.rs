//! Calling other services: every request finds an endpoint of its own, has a
//! deadline, and is tried again only when that can do no harm.

mod balancer;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::Status;
use tonic::body::Body;
use tower::Service;
use tower::retry::budget::{Budget, TpsBudget};

use crate::discovery::Names;
use crate::{Discovery, Error, deadline, telemetry};
use balancer::{Balancer, Failure};

/// What a call may take when its caller sets no limit.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of times a request is sent.
const MAX_ATTEMPTS: usize = 3;

/// A connection to all instances of one service, for generated gRPC clients.
/// Clones share it.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    service: &'static str,
    peers: Balancer,
    budget: TpsBudget,
    idempotent: &'static [&'static str],
}

impl Client {
    /// A client of the service called `name`, which connects on first use.
    pub fn new(discovery: &Discovery, name: &'static str) -> anyhow::Result<Self> {
        Self::with_idempotent(discovery, name, &[])
    }

    /// As [`new`](Self::new), and calls of the methods `idempotent` may be
    /// repeated like those of `Get..` and `List..`.
    pub fn with_idempotent(
        discovery: &Discovery,
        name: &'static str,
        idempotent: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        Ok(Self::of(name, discovery.service(name)?, idempotent))
    }

    /// A client of the instances of `name` at these URLs, separated by commas.
    pub fn at(name: &'static str, urls: &str) -> anyhow::Result<Self> {
        Ok(Self::of(name, Names::fixed(urls)?, &[]))
    }

    fn of(name: &'static str, names: Names, idempotent: &'static [&'static str]) -> Self {
        Self(Arc::new(Inner {
            service: name,
            peers: Balancer::new(names),
            // Over ten seconds, at most a fifth of the requests may be repeats, and ten a second in any case.
            budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
            idempotent,
        }))
    }
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            let limit = deadline::read(request.headers()).unwrap_or(DEFAULT_TIMEOUT);
            match deadline::within(limit, client.call(request)).await {
                Ok(answer) => answer,
                Err(Error::Timeout) => Err(Status::deadline_exceeded(format!(
                    "{} did not answer in time",
                    client.service
                ))),
                Err(error) => Err(error.into()),
            }
        })
    }
}

impl Inner {
    async fn call(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        telemetry::inject(&mut parts.headers);
        self.budget.deposit();
        self.attempts(&parts, &body).await
    }

    async fn attempts(&self, parts: &Parts, body: &Bytes) -> Result<Response<Body>, Status> {
        let idempotent = self.is_idempotent(parts);
        let mut tried = Vec::new();
        loop {
            let Some(url) = self.peers.pick(&tried).await else {
                return Err(Status::unavailable(format!(
                    "{} is not there",
                    self.service
                )));
            };
            let patience = self.patience(idempotent);
            let outcome = self.peers.send(&url, rebuild(parts, body)?, patience).await;
            let failure = match outcome {
                Ok(answer) if !(idempotent && is_unavailable(&answer)) => return Ok(answer),
                Ok(answer) => Failure::answered(answer),
                Err(failure) => failure,
            };
            tried.push(url);
            let may = idempotent || failure.unsent;
            if !may || tried.len() >= MAX_ATTEMPTS || !self.budget.withdraw() {
                return failure.into_answer(self.service);
            }
        }
    }

    /// How long one try may take: half of what is left when it can be repeated
    /// elsewhere, all of it otherwise.
    fn patience(&self, idempotent: bool) -> Duration {
        let left = deadline::left().unwrap_or(DEFAULT_TIMEOUT);
        if idempotent && self.peers.are_several() {
            left / 2
        } else {
            left
        }
    }

    /// Whether repeating a request does no harm: gRPC names say so, and so does
    /// a `GET` of the REST face.
    fn is_idempotent(&self, parts: &Parts) -> bool {
        if parts.method == Method::GET {
            return true;
        }
        let method = parts.uri.path().rsplit('/').next().unwrap_or_default();
        method.starts_with("Get") || method.starts_with("List") || self.idempotent.contains(&method)
    }
}

/// A request like the first, with the time that is left now.
fn rebuild(parts: &Parts, body: &Bytes) -> Result<Request<Body>, Status> {
    let mut request = Request::new(Body::new(Full::new(body.clone())));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    let left = deadline::left().unwrap_or(DEFAULT_TIMEOUT);
    let left = HeaderValue::try_from(deadline::write(left))
        .map_err(|_| Status::internal("cannot write the deadline"))?;
    request.headers_mut().insert(deadline::HEADER, left);
    Ok(request)
}

/// Whether the peer itself says that it cannot serve now.
fn is_unavailable(answer: &Response<Body>) -> bool {
    let status = answer.headers().get("grpc-status");
    status.is_some_and(|code| code.as_bytes() == b"14") || answer.status() == 503
}
