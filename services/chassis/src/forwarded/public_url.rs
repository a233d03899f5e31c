//! URL that people type to reach the shop.

use url::Url;

/// Origin (scheme, host and port) under which browsers know the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Reads a URL; nothing for an empty text. Fails with what is wrong with it.
    pub fn parse_optional(text: &str) -> Result<Option<Self>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let url =
            Url::parse(text.trim()).map_err(|_| "it is not a URL such as https://shop.example")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it must begin with http:// or https://".to_owned());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("the shop has a host of its own: no path, please".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must not hold a user name".to_owned());
        }
        Ok(Some(Self(url)))
    }

    /// Scheme of the URL: `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.0.scheme() == "https" {
            "https"
        } else {
            "http"
        }
    }

    /// Whether a browser's `origin` is this one: letter case and default ports
    /// make no difference.
    #[must_use]
    pub fn is_origin(&self, origin: &Url) -> bool {
        self.0.origin() == origin.origin()
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_and_nothing_more() {
        let url = PublicUrl::parse_optional(" HTTP://Shop.lan:80/ ")
            .unwrap()
            .unwrap();
        assert_eq!(url.to_string(), "http://shop.lan");
        assert!(url.is_origin(&Url::parse("http://SHOP.lan").unwrap()));
        assert!(!url.is_origin(&Url::parse("https://shop.lan").unwrap()));
        assert_eq!(PublicUrl::parse_optional(""), Ok(None));
        for bad in [
            "shop.lan",
            "ftp://shop.lan",
            "http://shop.lan/a",
            "http://u@shop.lan",
            "http://",
        ] {
            assert!(PublicUrl::parse_optional(bad).is_err(), "{bad}");
        }
    }
}
