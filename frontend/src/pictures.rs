//! The socks' pictures: they belong to the catalogue, and are kept here for a
//! while, so that a page full of socks does not ask for each of them again.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::get;
use chassis::conditional::Representation;
use chassis::{Client, Error, Result};
use http_body_util::{BodyExt, Limited};
use moka::sync::Cache;
use tower::ServiceExt;

use crate::{AppState, json};

/// All pictures together may take this many bytes of memory, and one alone
/// [`MAX_PICTURE_BYTES`].
const MAX_CACHE_BYTES: u64 = 4 * 1024 * 1024;
const MAX_PICTURE_BYTES: usize = 512 * 1024;

/// Time a picture is served without asking the catalogue again.
const CACHE_TTL: Duration = Duration::from_secs(600);

/// What the catalogue says about a picture and browsers may know.
const PASSED: [HeaderName; 5] = [
    CACHE_CONTROL,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
];

/// Fetches pictures. Clones share what is kept.
#[derive(Clone)]
pub(crate) struct Pictures {
    catalogue: Client,
    kept: Cache<String, Representation>,
}

/// The routes of the pictures.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/catalogue/images/{file}", get(show))
        .layer(from_fn(json::word))
}

async fn show(
    State(shop): State<AppState>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    if !is_file_name(&file) {
        return Err(Error::NotFound("picture"));
    }
    match shop.pictures.whole(file).await? {
        Ok(picture) => Ok(picture.respond(&headers)),
        Err(answer) => Ok(answer),
    }
}

fn is_file_name(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    file.bytes().all(plain) && !file.starts_with('.')
}

impl Pictures {
    pub(crate) fn new(catalogue: Client) -> Self {
        let weight = |_: &String, picture: &Representation| {
            u32::try_from(picture.bytes.len()).unwrap_or(u32::MAX)
        };
        Self {
            catalogue,
            kept: Cache::builder()
                .weigher(weight)
                .max_capacity(MAX_CACHE_BYTES)
                .time_to_live(CACHE_TTL)
                .build(),
        }
    }

    /// The picture, or whatever else the catalogue answered.
    async fn whole(&self, file: String) -> Result<Result<Representation, Response>> {
        if let Some(picture) = self.kept.get(&file) {
            return Ok(Ok(picture));
        }
        let answer = self.fetch(&file).await?;
        let length = answer.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let is_large = length.is_some_and(|length: usize| length > MAX_PICTURE_BYTES);
        if answer.status() != StatusCode::OK || is_large {
            return Ok(Err(answer));
        }
        let (parts, body) = answer.into_parts();
        let bytes = Limited::new(body, MAX_PICTURE_BYTES).collect().await;
        let picture = Representation {
            headers: parts.headers,
            bytes: bytes.map_err(Error::unavailable)?.to_bytes(),
        };
        self.kept.insert(file, picture.clone());
        Ok(Ok(picture))
    }

    async fn fetch(&self, file: &str) -> Result<Response> {
        let request = Request::get(format!("/catalogue/images/{file}"));
        let request = request
            .body(tonic::body::Body::empty())
            .map_err(Error::internal)?;
        let answer = self.catalogue.clone().oneshot(request).await?;
        let (mut parts, body) = answer.into_parts();
        let passed = PASSED.into_iter().filter_map(|name| {
            let value = parts.headers.get(&name)?.clone();
            Some((name, value))
        });
        let mut headers: HeaderMap = passed.collect();
        if parts.status.is_success() {
            headers
                .entry(CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("public, max-age=3600"));
        }
        parts.headers = headers;
        Ok(Response::from_parts(parts, Body::new(body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_file_names_reach_the_catalogue() {
        assert!(is_file_name("holy_1.jpeg"));
        for bad in ["../secret", "a/b", ".env", "a b", "a?b"] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }
}
