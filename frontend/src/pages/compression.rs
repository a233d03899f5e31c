//! Compression of pages by gzip, in one piece.

use std::io::Write;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chassis::Error;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets::accepts;

/// Smaller pages are not worth it.
const MIN_BYTES: u64 = 1024;

/// Sends pages as gzip to those who accept it.
///
/// A page may be compressed although it repeats what its address said (BREACH):
/// other sites cannot ask for one with the visitor's cookie (`SameSite`), except by
/// going there, and no secret in it is the same twice ([`Key`](crate::Key)).
pub(super) async fn compress(request: Request, next: Next) -> Response {
    let is_wanted = accepts(request.headers(), "gzip") && request.method() != Method::HEAD;
    let mut response = next.run(request).await;
    if !is_page(response.headers()) {
        return response;
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(VARY, vary);
    if !is_wanted || response.body().size_hint().lower() < MIN_BYTES {
        return response;
    }
    // All at once: an encoder kept for a peer that reads slowly would hold 300 KiB.
    let (mut parts, body) = response.into_parts();
    let packed = to_bytes(body, usize::MAX).await.map(|page| gzip(&page));
    let packed = match packed {
        Ok(Ok(packed)) => packed,
        Ok(Err(error)) => return Error::internal(error).into_response(),
        Err(error) => return Error::internal(error).into_response(),
    };
    parts.headers.remove(CONTENT_LENGTH);
    let encoding = HeaderValue::from_static("gzip");
    parts.headers.insert(CONTENT_ENCODING, encoding);
    Response::from_parts(parts, Body::from(packed))
}

/// Events must not wait until there are enough of them to compress.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
        && !headers.contains_key(CONTENT_ENCODING)
}

fn gzip(page: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(page)?;
    encoder.finish()
}
