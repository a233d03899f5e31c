//! What concerns only one connection, and is not handed on (RFC 9110, 7.6.1).

use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

const OF_ONE_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Leaves what the front-end is to see of a request. Its body has arrived as a whole.
pub(super) fn of_request(parts: &mut Parts) {
    of_answer(&mut parts.headers);
    for name in [CONTENT_LENGTH, EXPECT] {
        parts.headers.remove(name);
    }
    // HTTP/2 names the host in its own way.
    if !parts.headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
}

/// Leaves what the visitor is to see of an answer.
pub(super) fn of_answer(headers: &mut HeaderMap) {
    let named = headers
        .get(CONNECTION)
        .and_then(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named
        .into_iter()
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
}
