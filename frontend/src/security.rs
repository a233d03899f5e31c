//! What every answer says to browsers, and which requests are not let in.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use chassis::rest::BODY_LIMIT;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::json;

/// Nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
     connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Refuses what other sites' pages send, and adds the headers.
///
/// Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`); a
/// client that says nothing is no browser and has no cookies to abuse.
pub fn protect(app: Router) -> Router {
    let same_site = CsrfLayer::new().with_rejection_response(refuse);
    app.layer(same_site)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(headers))
}

fn refuse(_: ProtectionError) -> Response {
    json::failure(StatusCode::FORBIDDEN, "the request came from another site")
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What does not say otherwise may be personal.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
