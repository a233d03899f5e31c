//! The drawings of the socks, part of the binary.

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LAST_MODIFIED,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::rest::page_not_found;
use jiff::Timestamp;
use rust_embed::{EmbeddedFile, RustEmbed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(RustEmbed)]
#[folder = "pictures"]
#[include = "*.jpeg"]
#[include = "*.jpg"]
struct Pictures;

/// The route of the pictures, whatever state the others have.
pub fn routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(picture))
}

/// One picture, or a part of it.
#[utoipa::path(get, path = "/catalogue/images/{file}", params(("file" = String, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, description = "no such picture")))]
async fn picture(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match Pictures::get(&file) {
        Some(file) => answer(&file, &headers),
        None => page_not_found(),
    }
}

fn answer(file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let headers = describe(file);
    let etag = &headers[1].1;
    if header(asked, &IF_NONE_MATCH).is_some_and(|known| known.contains(etag.as_str())) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let length = file.data.len();
    let Some(range) = header(asked, &RANGE) else {
        return (headers, file.data.clone()).into_response();
    };
    let Some(range) = one_range(range, length) else {
        let place = [(CONTENT_RANGE, format!("bytes */{length}"))];
        return (StatusCode::RANGE_NOT_SATISFIABLE, place).into_response();
    };
    let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
    let part = file.data[range].to_vec();
    (
        StatusCode::PARTIAL_CONTENT,
        headers,
        [(CONTENT_RANGE, place)],
        part,
    )
        .into_response()
}

fn describe(file: &EmbeddedFile) -> [(HeaderName, String); 5] {
    let hash = file.metadata.sha256_hash();
    let etag = hash
        .first_chunk()
        .map_or(0, |start| u64::from_be_bytes(*start));
    let modified = file.metadata.last_modified().unwrap_or_default();
    let modified = Timestamp::from_second(i64::try_from(modified).unwrap_or_default());
    [
        (CONTENT_TYPE, "image/jpeg".to_owned()),
        (ETAG, format!("\"{etag:016x}\"")),
        (
            LAST_MODIFIED,
            modified
                .unwrap_or_default()
                .strftime("%a, %d %b %Y %T GMT")
                .to_string(),
        ),
        (CACHE_CONTROL, "public, max-age=86400".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
    ]
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The one range asked for; several at once are not worth an answer of their own.
fn one_range(range: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let ranges = http_range_header::parse_range_header(range).ok()?;
    let [range] = &ranges.validate(length as u64).ok()?[..] else {
        return None;
    };
    let (start, end) = (
        usize::try_from(*range.start()).ok()?,
        usize::try_from(*range.end()).ok()?,
    );
    Some(start..end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_served_and_nonsense_is_not() {
        assert_eq!(one_range("bytes=0-9", 100), Some(0..10));
        assert_eq!(one_range("bytes=-10", 100), Some(90..100));
        assert_eq!(one_range("bytes=200-", 100), None);
        assert_eq!(one_range("lines=1-2", 100), None);
    }
}
