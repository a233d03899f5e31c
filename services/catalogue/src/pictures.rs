//! Product images, embedded in the executable.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::response::Response;
use chassis::conditional::Representation;
use chassis::rest::page_not_found;
use jiff::Timestamp;
use rust_embed::{EmbeddedFile, RustEmbed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Embedded image files of the `pictures` folder.
#[derive(RustEmbed)]
#[folder = "pictures"]
#[include = "*.jpeg"]
#[include = "*.jpg"]
struct Pictures;

/// Builds the route of the images, for a router with any state.
pub fn routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(picture))
}

/// Returns one image or a range of it.
#[utoipa::path(get, path = "/catalogue/images/{file}", params(("file" = String, Path)),
    responses((status = 200, content_type = "image/jpeg"),
    (status = 206, description = "the range asked for", content_type = "image/jpeg"), (status = 304, description = "as it was"),
    (status = 416, description = "no such range"), (status = 404, body = String, content_type = "text/plain", description = "no such picture")))]
async fn picture(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Pictures::get(&file) else {
        return page_not_found();
    };
    let picture = Representation {
        headers: headers_of(&file),
        bytes: match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        },
    };
    picture.respond(&headers)
}

/// Content type, validators and cache lifetime of an image.
fn headers_of(file: &EmbeddedFile) -> HeaderMap {
    let hash = file.metadata.sha256_hash();
    let etag = hash
        .first_chunk()
        .map_or(0, |start| u64::from_be_bytes(*start));
    let modified = file.metadata.last_modified().unwrap_or_default();
    let modified = Timestamp::from_second(i64::try_from(modified).unwrap_or_default());
    let lines = [
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
    ];
    let lines = lines.into_iter();
    lines
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect()
}
