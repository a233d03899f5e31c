//! The application as a connection calls it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{ALLOW, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use axum::response::IntoResponse;
use hyper::body::{Body as _, Incoming};
use tower::Service;

use super::body::{RequestBody, ResponseBody};
use super::connection::Connection;

/// What `OPTIONS *` is answered: methods that some path knows.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The application, for one peer.
#[derive(Clone)]
pub(super) struct App {
    router: Router,
    peer: SocketAddr,
    connection: Arc<Connection>,
}

impl App {
    pub(super) fn new(router: Router, peer: SocketAddr, connection: &Arc<Connection>) -> Self {
        Self {
            router,
            peer,
            connection: connection.clone(),
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for App {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let exchange = self.connection.begin();
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(RequestBody::new(body, &exchange))
            }
        });
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answered = answer_itself(&request);
        let mut router = self.router.clone();
        Box::pin(async move {
            let response = match answered {
                Some(response) => response,
                None => router.call(request).await?,
            };
            Ok(response.map(|body| ResponseBody::new(body, exchange)))
        })
    }
}

/// Answers what is no request for any path: one for the server as a whole, or one
/// that does not say which host it means (RFC 9110, 7.2 and 9.3.7; RFC 9112, 3.2).
fn answer_itself<B>(request: &Request<B>) -> Option<axum::response::Response> {
    if request.version() == Version::HTTP_11 && !names_one_host(request.headers()) {
        let message = "a request must name its host, once\n";
        return Some((StatusCode::BAD_REQUEST, message).into_response());
    }
    let is_whole_server = request.method() == Method::OPTIONS && request.uri().path() == "*";
    is_whole_server.then(|| (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response())
}

fn names_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    // An authority may be empty (RFC 9110, 7.2).
    host.is_empty() || Authority::try_from(host.as_bytes()).is_ok()
}
