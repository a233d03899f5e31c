//! The old wire: JSON in, JSON out, and errors in the words of two tongues.
//!
//! The original's services were written in Go or in Java with Spring, and each
//! family had its own shape of error (contract README, "Error bodies"). A
//! service says which [`Style`] is its own; handlers just fail with
//! [`Error`].

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tonic::Status;

use crate::error::Failure;
use crate::{Error, Result, clock, grpc};

/// How a service words its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Go kit format of catalogue, user and payment.
    Go,
    /// user: as Go, and successes are `application/hal+json`.
    Hal,
    /// carts, orders, shipping and queue-master.
    Spring,
}

/// Marks an answer that is already in its final words.
#[derive(Clone, Copy)]
struct Final;

/// The media type of a HAL document, as the Go services wrote it.
pub const HAL: &str = "application/hal+json";

/// Bodies beyond this many bytes are refused.
pub const BODY_LIMIT: usize = 64 * 1024;

impl Style {
    /// Gives `router` this style: errors, unknown paths and wrong methods.
    pub fn dress(self, router: Router) -> Router {
        router
            .fallback(move |request| async move { unknown(self, &request) })
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(move |request, next| self.speak(request, next)))
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Go => "application/json; charset=utf-8",
            Self::Hal => HAL,
            Self::Spring => "application/json;charset=UTF-8",
        }
    }

    fn error(self, status: StatusCode, message: &str, path: &str) -> Response {
        let reason = status.canonical_reason().unwrap_or_default();
        let (media_type, body) = match self {
            Self::Go | Self::Hal => (
                "application/json; charset=utf-8",
                json!({"error": message, "status_code": status.as_u16(), "status_text": reason}),
            ),
            Self::Spring => (
                "application/json;charset=UTF-8",
                json!({"timestamp": clock::now_ms(), "status": status.as_u16(), "error": reason,
                       "message": message, "path": path}),
            ),
        };
        (status, [(CONTENT_TYPE, media_type)], format!("{body}\n")).into_response()
    }
}

/// The Go routers sent doubled slashes to the clean path before looking.
fn unknown(style: Style, request: &Request) -> Response {
    if grpc::is_grpc(request.headers()) {
        return Status::unimplemented("no such service").into_http();
    }
    let path = request.uri().path();
    if style != Style::Spring && path.contains("//") {
        let clean = path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        let clean = format!("/{}", clean.join("/"));
        return (StatusCode::MOVED_PERMANENTLY, [(LOCATION, clean)]).into_response();
    }
    Error::NotFound("page").into_response()
}

async fn wrong_method() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

impl Style {
    /// Puts what comes out of `next` into this style's words.
    pub(crate) async fn speak(self, request: Request, next: Next) -> Response {
        let uri = request.uri().clone();
        let mut response = next.run(request).await;
        if response.extensions().get::<Final>().is_some() || grpc::is_grpc(response.headers()) {
            return response;
        }
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            response = self.reword(response, uri.path()).await;
        } else if response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|is| is == OWN_JSON)
        {
            let media_type = HeaderValue::from_static(self.media_type());
            response.headers_mut().insert(CONTENT_TYPE, media_type);
        }
        response.extensions_mut().insert(Final);
        response
    }

    async fn reword(self, mut response: Response, path: &str) -> Response {
        let mut status = response.status();
        let wait = response.headers_mut().remove(RETRY_AFTER);
        if self != Self::Spring && status == StatusCode::METHOD_NOT_ALLOWED {
            status = StatusCode::NOT_FOUND; // the Go routers knew no 405
        }
        let message = match response.extensions_mut().remove::<Failure>() {
            Some(failure) => failure.message,
            None => text(response).await,
        };
        if self != Self::Spring && status == StatusCode::NOT_FOUND && message == NO_PAGE {
            return page_not_found();
        }
        let mut reworded = self.error(status, &message, path);
        if let Some(wait) = wait {
            reworded.headers_mut().insert(RETRY_AFTER, wait);
        }
        reworded
    }
}

/// What the Go services answered to any path they did not know.
#[must_use]
pub fn page_not_found() -> Response {
    let mut response = (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    response.extensions_mut().insert(Final);
    response
}

/// A status and nothing else: an error that the contract wants without a body.
#[must_use]
pub fn bare(status: StatusCode) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Final);
    response
}

/// What [`unknown`] says, and all that a wrong method leaves.
const NO_PAGE: &str = "page not found";

/// The words of an answer that some extractor of axum's refused with.
async fn text(response: Response) -> String {
    let status = response.status();
    let body = response.into_body().collect().await;
    let bytes = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        return NO_PAGE.to_owned();
    }
    String::from_utf8_lossy(&bytes).chars().take(300).collect()
}

/// Marks JSON of ours until [`speak`] names its type in the service's style.
const OWN_JSON: &str = "application/json";

/// An answer in JSON, ended by a newline as the Go services did.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        JsonBytes::json(&self.0).into_response()
    }
}

/// A [`Json`] that is written already, to be sent many times. Clones share it.
#[derive(Clone, Debug)]
pub struct JsonBytes(Bytes);

impl JsonBytes {
    /// Serialises `value` once, for many responses.
    pub fn json<T: Serialize>(value: &T) -> Result<Self> {
        let mut bytes = serde_json::to_vec(value).map_err(Error::internal)?;
        bytes.push(b'\n');
        Ok(Self(bytes.into()))
    }
}

impl IntoResponse for JsonBytes {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, HeaderValue::from_static(OWN_JSON))], self.0).into_response()
    }
}

/// A body in JSON whose keys match whatever their letter case, and whose media
/// type does not matter: what the Go services read (contract README, Values).
///
/// Fields of `T` are to be spelled in lower case.
#[derive(Clone, Copy, Debug)]
pub struct AnyCaseJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for AnyCaseJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let mut value: Value = parse(&body(request, state).await?)?;
        if let Value::Object(fields) = &mut value {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(key, value)| (key.to_lowercase(), value))
                .collect();
        }
        serde_json::from_value(value).map(Self).map_err(unreadable)
    }
}

/// A body in JSON sent as JSON: what the Spring services read. Anything else is
/// 415.
#[derive(Clone, Copy, Debug)]
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let media_type = request.headers().get(CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Error::UnsupportedMediaType);
        }
        parse(&body(request, state).await?).map(Self)
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_LIMIT) {
        return Err(Error::invalid("the body is too large"));
    }
    let request = request.map(|body| Body::new(http_body_util::Limited::new(body, BODY_LIMIT)));
    Bytes::from_request(request, state)
        .await
        .map_err(|_| Error::invalid("the body is too large or was cut off"))
}

/// A list would be taken for the fields of an object in their order.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Error::invalid("the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// Says where a body is wrong without repeating any of it: it may hold a card.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unreadable(error: serde_json::Error) -> Error {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field has the wrong type",
        serde_json::error::Category::Eof => "the body ends too early",
        _ => "the body is not JSON",
    };
    match error.line() {
        0 => Error::invalid(what),
        line => Error::invalid(format!("{what} (line {line}, column {})", error.column())),
    }
}
