//! Which requests another site's page made a browser send.
//!
//! Browsers say so: in `Sec-Fetch-Site` where the connection is secure, and in
//! `Origin` everywhere. A client that says nothing is no browser and has no
//! cookies to abuse. The scheme of our own origin is often not known, behind a
//! proxy that ends TLS, so host and port decide: letter case and the default port
//! of the browser's scheme make no difference.

use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use chassis::forwarded::{ClientInfo, PublicUrl};
use url::Url;

/// Whether a request that may change something came from a page of another site.
pub(super) fn is_cross_site(
    parts: &Parts,
    client: &ClientInfo,
    public: Option<&PublicUrl>,
) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let header = |name: &str| parts.headers.get(name).filter(|value| !value.is_empty());
    if let Some(site) = header("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = header(ORIGIN.as_str()) else {
        return false;
    };
    let Some(origin) = read(origin) else {
        return true; // such as `null`
    };
    let is_public = public.is_some_and(|public| public.is_origin(&origin));
    !is_public && !is_host(&origin, client.host_of(parts))
}

fn read(origin: &HeaderValue) -> Option<Url> {
    let url = Url::parse(origin.to_str().ok()?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Whether `origin` is that of `host`, if that had the same scheme.
fn is_host(origin: &Url, host: Option<&str>) -> bool {
    let url = host.map(|host| Url::parse(&format!("{}://{host}", origin.scheme())));
    url.is_some_and(|url| url.is_ok_and(|url| url.origin() == origin.origin()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn refused(headers: &[(&str, &str)], public: &str, forwarded_host: Option<&str>) -> bool {
        let mut request = Request::post("/cart");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let client = ClientInfo {
            host: forwarded_host.map(str::to_owned),
            ..ClientInfo::default()
        };
        is_cross_site(
            &parts,
            &client,
            PublicUrl::parse_optional(public).unwrap().as_ref(),
        )
    }

    #[test]
    fn an_origin_is_ours_whatever_its_letter_case_and_default_port() {
        for (origin, host) in [
            ("http://shop.lan", "shop.lan"),
            ("http://shop.lan", "Shop.LAN:80"),
            ("http://Shop.lan:80", "shop.lan"),
            ("https://shop.lan", "shop.lan:443"),
            ("http://shop.lan:8088", "shop.lan:8088"),
            ("http://[::1]:8079", "[0:0::1]:8079"),
        ] {
            assert!(
                !refused(&[("origin", origin), ("host", host)], "", None),
                "{origin} {host}"
            );
        }
        for (origin, host) in [
            ("http://shop.lan:8088", "shop.lan"),
            ("http://shop.lan", "shop.lan:443"),
            ("http://evil.example", "shop.lan"),
            ("http://shop.lan.evil.example", "shop.lan"),
            ("http://evil.example", "evil.example@shop.lan"),
            ("null", "null"),
            ("file://shop.lan", "shop.lan"),
            ("shop.lan", "shop.lan"),
        ] {
            assert!(
                refused(&[("origin", origin), ("host", host)], "", None),
                "{origin} {host}"
            );
        }
    }

    #[test]
    fn behind_a_proxy_the_public_url_or_what_the_proxy_says_is_ours() {
        let asked = [("origin", "http://shop.lan:8088"), ("host", "shop.lan")];
        assert!(refused(&asked, "", None));
        assert!(!refused(&asked, "http://Shop.lan:8088/", None));
        assert!(refused(&asked, "https://shop.lan:8088", None));
        assert!(!refused(&asked, "", Some("shop.lan:8088")));
        let stranger = [("origin", "http://evil.example"), ("host", "shop.lan")];
        assert!(refused(
            &stranger,
            "http://shop.lan:8088",
            Some("shop.lan:8088")
        ));
    }

    #[test]
    fn what_browsers_say_of_the_site_comes_first() {
        let site = |site, origin| {
            let headers = [
                ("sec-fetch-site", site),
                ("origin", origin),
                ("host", "shop.lan"),
            ];
            refused(&headers, "http://shop.lan", None)
        };
        assert!(!site("same-origin", "null"));
        assert!(!site("none", "http://evil.example"));
        assert!(site("same-site", "http://shop.lan"));
        assert!(site("cross-site", "http://shop.lan"));
        assert!(!refused(&[("host", "shop.lan")], "", None), "no browser");
    }
}
