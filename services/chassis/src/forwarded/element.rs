//! Elements of the `Forwarded` header (RFC 7239, 4).
//!
//! The crates that parse it break on blanks, on quoted values or on IPv6.

use super::{Hop, address, is_host, scheme};

/// One element: parameters in lower case with their values, unquoted.
pub(super) struct Element(Vec<(String, String)>);

/// The elements of one header line.
pub(super) fn elements(line: &str) -> impl Iterator<Item = Element> {
    split(line, ',').into_iter().map(|element| {
        let pairs = split(element, ';').into_iter();
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        Element(
            pairs
                .map(|(name, value)| (name.trim().to_ascii_lowercase(), unquoted(value)))
                .collect(),
        )
    })
}

impl Element {
    /// What it says of its hop.
    pub(super) fn hop(&self) -> Hop {
        let get = |name: &str| {
            let pair = self.0.iter().find(|(known, _)| known == name);
            pair.map(|(_, value)| value.as_str())
        };
        Hop {
            client: get("for").and_then(address),
            scheme: get("proto").and_then(scheme),
            host: get("host").filter(|host| is_host(host)).map(str::to_owned),
        }
    }
}

/// Splits where `separator` stands outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|letter| {
        let is_escaped = std::mem::take(&mut escaped);
        match letter {
            '\\' if quoted && !is_escaped => escaped = true,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    });
    parts.collect()
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    match inner {
        Some(inner) => inner.replace('\\', ""),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_blanks_and_letter_case_are_read_as_the_rfc_says() {
        let line = "For=\"[2001:db8::17]:4711\"; PROTO=https;host=\"a,b\" , for=192.0.2.43;by=x;host=\"shop.lan:8088\"";
        let hops: Vec<Hop> = elements(line).map(|element| element.hop()).collect();
        assert_eq!(hops.len(), 2);
        assert_eq!(hops[0].client, "2001:db8::17".parse().ok());
        assert_eq!((hops[0].scheme, &hops[0].host), (Some("https"), &None));
        assert_eq!(hops[1].client, "192.0.2.43".parse().ok());
        assert_eq!(hops[1].host.as_deref(), Some("shop.lan:8088"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for line in [
            "for=unknown",
            "for=_hidden",
            "for=",
            "proto=http",
            "",
            ";;=,",
        ] {
            assert!(
                elements(line).all(|element| element.hop().client.is_none()),
                "{line}"
            );
        }
    }
}
