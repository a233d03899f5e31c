//! The door people come through. It stays while front-ends come and go.
//!
//! The supervisor holds the public port, so that no version of the front-end
//! has to. Each request is handed on to one of them: which, the weights in the
//! mesh say ([`mod@choose`]). A request that nobody has seen, or that may be
//! repeated, goes to another one, under a budget.

mod choose;
mod headers;
mod room;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chassis::discovery::Names;
use chassis::forwarded::TrustedProxies;
use chassis::rest::BODY_LIMIT;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use tower::retry::budget::{Budget, TpsBudget};

use super::board::InstanceTable;
use super::say;
use crate::service::Service;
use choose::{Candidate, choose, keep};
pub(crate) use room::Listeners;

/// A front-end that is there answers a connection much sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// Time limit for the response headers of one front-end while another could be tried.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(5);

/// And when none may.
const LAST_PATIENCE: Duration = Duration::from_secs(30);

/// How long an idle connection is kept: less than a front-end keeps it.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of front-ends tried for one request.
const MAX_ATTEMPTS: usize = 3;

/// The way to the front-ends.
struct Proxy {
    /// Reverse proxies in front of it that are believed.
    trusted: TrustedProxies,
    /// Name of the cookie that holds a visitor's lot.
    cookie: String,
    names: Names,
    board: Arc<InstanceTable>,
    client: Client<HttpConnector, Full<Bytes>>,
    /// A slow shop must not be asked even more.
    budget: TpsBudget,
}

/// Why a front-end did not answer.
enum Silence {
    /// It has not seen the request.
    Unsent,
    /// It may have done what was asked.
    Broken,
    /// As before, and we waited long.
    Late,
}

/// What the door knows of its surroundings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// Reverse proxies in front of it that are believed.
    pub(crate) trusted: TrustedProxies,
    /// Identifier of the shop, which cookies of two shops on one host differ in.
    pub(crate) shop_id: String,
}

/// What people are served, by the front-ends that `names` finds.
fn routes(names: Names, board: Arc<InstanceTable>, around: Surroundings) -> Router {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    let client = Client::builder(hyper_util::rt::TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_timer(hyper_util::rt::TokioTimer::new())
        .build(connector);
    let door = Proxy {
        trusted: around.trusted,
        cookie: choose::cookie_name(&around.shop_id),
        names,
        board,
        client,
        // Over ten seconds, at most a fifth of the requests may be repeats, and ten a second in any case.
        budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
    };
    Router::new().fallback(hand_on).with_state(Arc::new(door))
}

async fn hand_on(State(door): State<Arc<Proxy>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = door.trusted.client(&parts.headers, &parts.extensions);
    client.rewrite(&mut parts.headers);
    // What a front-end finds too large it should say itself.
    let body = tokio::time::timeout(LAST_PATIENCE, to_bytes(body, BODY_LIMIT * 2));
    let body = match body.await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    headers::of_request(&mut parts);
    door.ask(&parts, &body).await
}

impl Proxy {
    /// Asks front-ends until one answers.
    async fn ask(&self, parts: &Parts, body: &Bytes) -> Response {
        let mut tried = Vec::new();
        self.budget.deposit();
        loop {
            let candidates = self.candidates().await;
            let roll = rand::random();
            let asked = (&parts.headers, &parts.uri, &*self.cookie);
            let Some(chosen) = choose(asked, &candidates, &tried, roll) else {
                return (StatusCode::SERVICE_UNAVAILABLE, "the shop is closed\n").into_response();
            };
            let silence = match self.send(&chosen.url, parts, body).await {
                Ok(mut answer) => {
                    headers::of_answer(answer.headers_mut());
                    if let Some(cookie) = keep(asked, chosen, &candidates, roll) {
                        answer.headers_mut().append(SET_COOKIE, cookie);
                    }
                    return answer;
                }
                Err(silence) => silence,
            };
            say("door", &format!("{} did not answer", chosen.url));
            self.names.doubt();
            tried.push(chosen.url.clone());
            let may = matches!(silence, Silence::Unsent) || is_harmless(&parts.method);
            if !may || tried.len() >= MAX_ATTEMPTS || !self.budget.withdraw() {
                return silence.answer();
            }
        }
    }

    /// Who could answer now.
    async fn candidates(&self) -> Vec<Candidate> {
        let endpoints = self.names.endpoints().await;
        let state = self.board.read();
        let version = |url: &str| {
            let mut of_it = state.instances.iter();
            let found = of_it.find(|one| {
                let address = SocketAddr::new(one.address, one.port);
                one.service == Service::FrontEnd
                    && url
                        .strip_prefix("http://")
                        .is_some_and(|at| at == address.to_string())
            });
            found.map(|one| one.version.clone()).unwrap_or_default()
        };
        let candidates = endpoints.iter().map(|endpoint| Candidate {
            version: version(&endpoint.url),
            url: endpoint.url.clone(),
            weight: endpoint.weight,
        });
        candidates.collect()
    }

    async fn send(&self, url: &str, parts: &Parts, body: &Bytes) -> Result<Response, Silence> {
        let request = rebuilt(url, parts, body).ok_or(Silence::Broken)?;
        let patience = if is_harmless(&parts.method) {
            HEADERS_TIMEOUT
        } else {
            LAST_PATIENCE
        };
        match tokio::time::timeout(patience, self.client.request(request)).await {
            Ok(Ok(answer)) => Ok(answer.map(Body::new)),
            Ok(Err(error)) if error.is_connect() => Err(Silence::Unsent),
            Ok(Err(_)) => Err(Silence::Broken),
            Err(_) => Err(Silence::Late),
        }
    }
}

impl Silence {
    fn answer(&self) -> Response {
        let status = match self {
            Self::Unsent => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::BAD_GATEWAY,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
        };
        (status, "the shop did not answer\n").into_response()
    }
}

/// Whether a request changes nothing, so that it may be repeated.
fn is_harmless(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// The request, for the front-end at `url`.
fn rebuilt(url: &str, parts: &Parts, body: &Bytes) -> Option<hyper::Request<Full<Bytes>>> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = hyper::Request::new(Full::new(body.clone()));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = format!("{url}{path}").parse::<Uri>().ok()?;
    *request.headers_mut() = parts.headers.clone();
    Some(request)
}

#[cfg(test)]
mod tests;
