//! Outermost middleware: who the client is, which of its cookies are ours, which
//! requests of other sites are refused, and what every response tells browsers.
//!
//! It is one layer on purpose: each layer that is a function costs a clone of all
//! that lies below it, for each request.

mod origin;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE,
    HeaderName, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use chassis::error::Failure;
use chassis::forwarded::{ClientInfo, ProxySettings, PublicUrl};
use chassis::rest::BODY_LIMIT;

use crate::cookies::OwnCookies;
use crate::{Key, json};

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

/// How browsers reach this front-end.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// URL that people type, and proxies that are believed.
    pub proxies: ProxySettings,
    /// Whether cookies are for https only; unset, that follows from how the
    /// browser came.
    pub secure_cookies: Option<bool>,
}

impl Edge {
    /// Whether cookies for `client` are for https only.
    fn is_secure(&self, client: &ClientInfo) -> bool {
        let public = || self.proxies.public_url.as_ref().map(PublicUrl::scheme);
        let came_by_https = || client.scheme.or_else(public) == Some("https");
        self.secure_cookies.unwrap_or_else(came_by_https)
    }
}

/// Marks a request of another site: it has lost its body and its cookies, and is
/// only let in for a page that says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrossSite;

/// What other sites are told.
const CROSS_SITE: &str = "the request came from another site";

/// The refusal of a request of another site, to be put into words.
pub(crate) fn refusal() -> Response {
    let mut response = StatusCode::FORBIDDEN.into_response();
    response.extensions_mut().insert(Failure {
        message: CROSS_SITE.to_owned(),
    });
    response
}

/// What every request to the front-end passes.
#[derive(Clone, Debug)]
pub struct Gate {
    edge: Edge,
    cookies: OwnCookies,
}

impl Gate {
    /// The gate of the shop with this key.
    #[must_use]
    pub fn new(key: &Key, edge: Edge) -> Self {
        Self {
            edge,
            cookies: OwnCookies::of(key),
        }
    }

    /// Puts the gate in front of `app`.
    pub fn protect(self, app: Router) -> Router {
        app.layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state(Arc::new(self), pass))
    }
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let proxies = &gate.edge.proxies;
    let client = proxies
        .trusted_proxies
        .client(&parts.headers, &parts.extensions);
    let secure = gate.edge.is_secure(&client);
    let is_refused = origin::is_cross_site(&parts, &client, proxies.public_url.as_ref());
    gate.cookies.keep_own(&mut parts.headers);
    parts.extensions.insert(client);
    let mut response = if is_refused {
        refuse(parts, next).await
    } else {
        next.run(Request::from_parts(parts, body)).await
    };
    let headers = response.headers_mut();
    gate.cookies.finish(headers, secure);
    tell_browsers(headers);
    response
}

/// Refuses a request: with a page when a browser wants one. What makes the page
/// gets nothing that the request could act with.
async fn refuse(mut parts: Parts, next: Next) -> Response {
    let refused = || json::failure(StatusCode::FORBIDDEN, CROSS_SITE);
    let accept = parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        return refused();
    }
    for name in [COOKIE, CONTENT_LENGTH, CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    parts.extensions.insert(CrossSite);
    let mut page = next.run(Request::from_parts(parts, Body::empty())).await;
    if page.status() != StatusCode::FORBIDDEN {
        return refused();
    }
    // The visitor's session must not be replaced by the page's.
    page.headers_mut().remove(SET_COOKIE);
    page
}

fn tell_browsers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What does not say otherwise may be personal.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_for_https_only_when_the_browser_came_that_way() {
        let edge = |public: &str, secure_cookies| Edge {
            proxies: ProxySettings {
                public_url: PublicUrl::parse_optional(public).unwrap(),
                ..ProxySettings::default()
            },
            secure_cookies,
        };
        let client = |scheme| ClientInfo {
            scheme,
            ..ClientInfo::default()
        };
        let (http, https) = (Some("http"), Some("https"));
        for (public, flag, scheme, expected) in [
            ("", None, None, false),
            ("", None, https, true),
            ("https://shop.lan", None, None, true),
            ("https://shop.lan", None, http, false),
            ("http://shop.lan", None, None, false),
            ("", Some(true), None, true),
            ("https://shop.lan", Some(false), https, false),
        ] {
            let secure = edge(public, flag).is_secure(&client(scheme));
            assert_eq!(secure, expected, "{public} {flag:?} {scheme:?}");
        }
    }
}
