//! The hrefs of `POST /orders`: read, never trusted.
//!
//! The original fetched whatever URL it was given. Here an href must name an
//! allowed host and have one of four shapes; what is taken from it is the id.

use chassis::{Error, Result};
use url::Url;

/// Which hosts an href may name.
#[derive(Clone, Debug)]
pub struct AllowList {
    domain: Option<String>,
    ports: Vec<u16>,
    others: Vec<String>,
}

/// The four hrefs of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Hrefs {
    /// URL of the customer: `/customers/{id}`.
    pub customer: Href,
    /// URL of the address: `/addresses/{id}`.
    pub address: Href,
    /// URL of the card: `/cards/{id}`.
    pub card: Href,
    /// URL of the cart's items: `/carts/{id}/items`.
    pub items: Href,
}

/// One URL of an order request, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Href {
    /// The id in its path.
    pub id: String,
    /// The whole URL, when its host is an allowed one that is not ours.
    pub elsewhere: Option<Url>,
}

/// Our own services, by every name they answer to.
const KNOWN_HOSTS: [&str; 3] = ["user", "carts", "cart"];

/// Maximum length of an identifier in a URL, in bytes.
const MAX_ID_LEN: usize = 64;

impl AllowList {
    /// Allows our own services on `ports`, with or without `domain`, and
    /// `others`, each a host or a `host:port`.
    #[must_use]
    pub fn new(domain: Option<&str>, ports: &[u16], others: &[String]) -> Self {
        let domain = domain.map(|domain| domain.trim_matches('.').to_lowercase());
        Self {
            domain: domain.filter(|domain| !domain.is_empty()),
            ports: ports.to_vec(),
            others: others.iter().map(|other| other.to_lowercase()).collect(),
        }
    }

    /// Reads the id out of `text`, a URL whose path is `before`, the id,
    /// `after`.
    pub fn href(&self, text: &str, before: &str, after: &str) -> Result<Href> {
        let wrong = |why: &str| Error::invalid(format!("{why}: {}", shorten(text)));
        let url = Url::parse(text).map_err(|_| wrong("not an absolute URL"))?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("not a plain http URL"));
        }
        let id = url
            .path()
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let id = id
            .filter(|id| is_id(id))
            .ok_or_else(|| wrong("not a path this shop has"))?;
        let ours = self.is_ours(&url);
        if !ours && !self.is_other(&url) {
            return Err(wrong("not a host this shop reads from"));
        }
        Ok(Href {
            id: id.to_owned(),
            elsewhere: (!ours).then(|| url.clone()),
        })
    }

    fn is_ours(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let name = match &self.domain {
            Some(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|name| name.strip_suffix('.'))
                .unwrap_or(host),
            None => host,
        };
        let port = url.port_or_known_default();
        KNOWN_HOSTS.contains(&name) && port.is_some_and(|port| self.ports.contains(&port))
    }

    fn is_other(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let exact = format!("{host}:{port}");
        let matches =
            |other: &String| *other == exact || (*other == host && self.ports.contains(&port));
        self.others.iter().any(matches)
    }
}

fn is_id(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !text.is_empty() && text.len() <= MAX_ID_LEN && text.bytes().all(word)
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(list: &AllowList, text: &str) -> Option<String> {
        list.href(text, "/customers/", "").ok().map(|href| href.id)
    }

    #[test]
    fn our_own_services_are_read_with_and_without_the_domain() {
        let list = AllowList::new(Some("shop.local"), &[80, 8080], &[]);
        for good in [
            "http://user/customers/a1",
            "http://USER:8080/customers/a1",
            "http://user.shop.local/customers/a1",
            "http://user.shop.local.:80/customers/a1",
            "http://carts/customers/a1",
        ] {
            assert_eq!(customer(&list, good).as_deref(), Some("a1"), "{good}");
        }
        let items = list.href("http://carts/carts/a1/items", "/carts/", "/items");
        assert_eq!(items.unwrap().id, "a1");
    }

    #[test]
    fn nothing_else_is() {
        let list = AllowList::new(None, &[80], &[]);
        for bad in [
            "http://169.254.169.254/x",
            "http://evil/customers/a1",
            "http://user:81/customers/a1",
            "http://user.evil.com/customers/a1",
            "http://user@evil/customers/a1",
            "http://evil@user/customers/a1",
            "http://user/customers/",
            "http://user/customers/a/b",
            "http://user/customers/../cards/a1",
            "http://user/customers/a%2fb",
            "http://user/customers/a1?x=1",
            "http://user/customers/a1#x",
            "http://user/cards/a1",
            "ftp://user/customers/a1",
            "file:///etc/passwd",
            "/customers/a1",
            "user/customers/a1",
            "http://",
            "",
        ] {
            assert_eq!(customer(&list, bad), None, "{bad}");
        }
    }

    #[test]
    fn other_hosts_are_read_when_named_and_keep_their_url() {
        let others = ["127.0.0.1:7001".to_owned(), "stub".to_owned()];
        let list = AllowList::new(None, &[80], &others);
        let href = list
            .href("http://127.0.0.1:7001/customers/a1", "/customers/", "")
            .unwrap();
        assert!(href.elsewhere.is_some());
        assert!(customer(&list, "http://127.0.0.1:7002/customers/a1").is_none());
        assert!(customer(&list, "http://stub/customers/a1").is_some());
        assert!(customer(&list, "http://stub:22/customers/a1").is_none());
    }
}
