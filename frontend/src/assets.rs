//! What pages are made of besides HTML: embedded, compressed and cached for
//! ever under names that change with the content.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use chassis::Error;
use chassis::conditional::Representation;

use crate::AppState;

/// A file of `static/`, as the build left it.
struct Asset {
    name: &'static str,
    tag: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Names the assets for pages.
#[derive(Clone, Copy, Debug)]
pub struct Assets;

impl Assets {
    /// Where the style sheet is.
    #[must_use]
    pub fn css(self) -> String {
        href("shop.css")
    }

    /// Where the script is.
    #[must_use]
    pub fn js(self) -> String {
        href("shop.js")
    }

    /// Where the picture called `name` is.
    #[must_use]
    pub fn picture(self, name: &str) -> String {
        href(name)
    }
}

fn href(name: &str) -> String {
    let asset = ALL.iter().find(|asset| asset.name == name);
    match (asset, name.rsplit_once('.')) {
        (Some(asset), Some((stem, kind))) => format!("/assets/{stem}.{}.{kind}", asset.tag),
        _ => format!("/assets/{name}"),
    }
}

/// The routes of all assets.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/assets/{file}", get(serve))
        .route("/robots.txt", get(robots))
}

/// Keeps crawlers to what does not change with its reader.
async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /account\nDisallow: /basket\nDisallow: /checkout\n"
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let (asset, tag) = find(&file).ok_or(Error::NotFound("asset"))?;
    // While two releases serve side by side, a page of one may ask the other
    // for its assets: ours will do, but not for ever.
    let age = if tag == asset.tag {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let (encoding, bytes) = asset.encoded(&headers);
    let mut described = HeaderMap::new();
    let mut set = |name, value| described.insert(name, HeaderValue::from_static(value));
    set(CONTENT_TYPE, asset.media_type());
    set(CACHE_CONTROL, age);
    set(VARY, "accept-encoding");
    if let Some(encoding) = encoding {
        set(CONTENT_ENCODING, encoding);
    }
    let tag = format!("\"{}-{}\"", asset.tag, encoding.unwrap_or("identity"));
    described.insert(ETAG, HeaderValue::try_from(tag).map_err(Error::internal)?);
    let asset = Representation {
        headers: described,
        bytes: Bytes::from_static(bytes),
    };
    Ok(asset.respond(&headers))
}

/// Finds `shop.0123456789abcdef.css`, and the tag it was asked for by.
fn find(file: &str) -> Option<(&'static Asset, &str)> {
    let (stem, kind) = file.rsplit_once('.')?;
    let (stem, tag) = stem.rsplit_once('.').unwrap_or((stem, ""));
    let is_it = |asset: &&Asset| asset.name.rsplit_once('.') == Some((stem, kind));
    ALL.iter().find(is_it).map(|asset| (asset, tag))
}

impl Asset {
    fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, kind)| kind) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }

    /// The tightest form the client can read.
    fn encoded(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        if accepts(headers, "br") {
            (Some("br"), self.brotli)
        } else if accepts(headers, "gzip") {
            (Some("gzip"), self.gzip)
        } else {
            (None, self.plain)
        }
    }
}

pub(crate) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).into_iter();
    let texts = lists.filter_map(|list| list.to_str().ok());
    texts.flat_map(|list| list.split(',')).any(|entry| {
        let (name, quality) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let quality = quality.trim().trim_start_matches("q=").parse::<f32>();
        name.trim().eq_ignore_ascii_case(encoding) && quality.is_ok_and(|quality| quality > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_by_its_present_and_by_any_earlier_name() {
        let href = Assets.css();
        let file = href.strip_prefix("/assets/").unwrap();
        let (asset, tag) = find(file).unwrap();
        assert_eq!((asset.name, tag), ("shop.css", asset.tag));
        let (asset, tag) = find("shop.0000.css").unwrap();
        assert_ne!(tag, asset.tag);
        assert!(find("shop.0000.exe").is_none() && find("shop").is_none());
    }

    #[test]
    fn encodings_are_sent_to_those_who_read_them() {
        let with = |text: &'static str| {
            HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(text))])
        };
        let (asset, _) = find("shop.css").unwrap();
        let encoding = |text| asset.encoded(&with(text)).0;
        assert_eq!(encoding("gzip, deflate, br;q=0.5"), Some("br"));
        assert_eq!(encoding("gzip;q=1.0, br;q=0"), Some("gzip"));
        assert_eq!(encoding("identity"), None);
        assert!(asset.brotli.len() < asset.gzip.len() && asset.gzip.len() < asset.plain.len());
    }

    #[test]
    fn the_script_stays_small() {
        let (script, _) = find("shop.js").unwrap();
        assert!(script.plain.len() < 6 * 1024);
    }
}
