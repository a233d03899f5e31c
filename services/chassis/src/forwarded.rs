//! Clients behind reverse proxies: which address they have, and which scheme and
//! host they asked for.
//!
//! A proxy tells in `X-Forwarded-For`, `-Proto` and `-Host`, or in `Forwarded`
//! (RFC 7239). Anybody can send these, so they count only from peers that
//! [`TrustedProxies`] names, and only as far back as these reach: of a chain of
//! addresses, the last one that is no trusted proxy is the client. Of both kinds
//! `X-Forwarded-For` wins, because the usual proxies write that one and pass
//! `Forwarded` on as the client sent it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::ConnectInfo;
use axum::http::header::{FORWARDED, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

mod element;
mod public_url;

pub use public_url::PublicUrl;

/// Header, and metadata over gRPC, that names the client of a request.
pub const CLIENT_ADDRESS: &str = "x-forwarded-for";

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static(CLIENT_ADDRESS);
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// All headers by which proxies speak of clients; those beyond what is read here
/// are not passed on either.
const OF_PROXIES: [HeaderName; 8] = [
    FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("x-real-ip"),
];

/// Settings of processes that browsers reach, perhaps through proxies.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProxySettings {
    /// URL that people type, e.g. `https://shop.example`: forms may come from there, and cookies are for https only when it is https.
    #[arg(long, env, value_name = "URL", value_parser = PublicUrl::parse_optional, default_value = "")]
    pub public_url: std::option::Option<PublicUrl>, // by its full path, or clap would take an empty one for a mistake

    /// Reverse proxies whose `X-Forwarded-*` and `Forwarded` headers are believed: addresses or networks such as `10.0.0.0/8`, separated by commas.
    #[arg(long, env, value_name = "NETWORKS", default_value = "")]
    pub trusted_proxies: TrustedProxies,
}

/// Networks of the reverse proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Client of a request, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// Its address: the peer's, or the one a trusted proxy names.
    pub address: Option<IpAddr>,
    /// `http` or `https` in lower case, when a trusted proxy says so.
    pub scheme: Option<&'static str>,
    /// Host and port it asked for, when a trusted proxy says so.
    pub host: Option<String>,
}

/// What a proxy says of one hop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    client: Option<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<String>,
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let network = |word: &str| {
            let address = word.parse::<IpAddr>().map(IpNet::from);
            let network = address.or_else(|_| word.parse());
            network.map_err(|_| {
                format!("`{word}` is neither an address nor a network such as 10.0.0.0/8")
            })
        };
        words.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// Whether `address` is a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of the request with these parts.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> ClientInfo {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        self.client_of(peer.map(|peer| peer.0.ip()), headers)
    }

    fn client_of(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> ClientInfo {
        let mut client = ClientInfo {
            address: peer.as_ref().map(IpAddr::to_canonical),
            ..ClientInfo::default()
        };
        if !client.address.is_some_and(|peer| self.contains(peer)) {
            return client;
        }
        for hop in hops(headers).into_iter().rev() {
            client.scheme = hop.scheme.or(client.scheme);
            client.host = hop.host.or(client.host);
            let Some(address) = hop.client else { break };
            client.address = Some(address);
            if !self.contains(address) {
                break;
            }
        }
        client
    }
}

impl ClientInfo {
    /// Replaces what the headers of a request say of clients by what is known:
    /// for the next server, which trusts this one.
    pub fn rewrite(&self, headers: &mut HeaderMap) {
        for name in OF_PROXIES {
            headers.remove(name);
        }
        let address = self.address.map(|address| address.to_string());
        let said = [
            (X_FORWARDED_FOR, address.as_deref()),
            (X_FORWARDED_PROTO, self.scheme),
            (X_FORWARDED_HOST, self.host.as_deref()),
        ];
        for (name, value) in said {
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(name, value);
            }
        }
    }

    /// Host and port that the client asked for.
    #[must_use]
    pub fn host_of<'a>(&'a self, parts: &'a Parts) -> Option<&'a str> {
        let authority = || parts.uri.authority().map(Authority::as_str);
        let header = || parts.headers.get(HOST)?.to_str().ok();
        self.host.as_deref().or_else(authority).or_else(header)
    }
}

/// What proxies say of each hop, the client's first.
fn hops(headers: &HeaderMap) -> Vec<Hop> {
    if !headers.contains_key(X_FORWARDED_FOR) && headers.contains_key(FORWARDED) {
        let lines = headers.get_all(FORWARDED).into_iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        return lines
            .flat_map(element::elements)
            .map(|element| element.hop())
            .collect();
    }
    let clients = list(headers, &X_FORWARDED_FOR);
    let (schemes, hosts) = (
        list(headers, &X_FORWARDED_PROTO),
        list(headers, &X_FORWARDED_HOST),
    );
    let mut hops: Vec<Hop> = clients
        .iter()
        .map(|text| Hop {
            client: address(text),
            ..Hop::default()
        })
        .collect();
    if hops.is_empty() {
        hops.push(Hop::default());
    }
    // Proxies that append to one list need not append to the others: only lists of
    // equal length can be read side by side, of others the last entry is the nearest proxy's.
    let count = hops.len();
    for (index, hop) in hops.iter_mut().enumerate() {
        let of = |list: &[&str]| match list.len() {
            length if length == count => list.get(index).map(|text| (*text).to_owned()),
            _ if index + 1 == count => list.last().map(|text| (*text).to_owned()),
            _ => None,
        };
        hop.scheme = of(&schemes).as_deref().and_then(scheme);
        hop.host = of(&hosts).filter(|host| is_host(host));
    }
    hops
}

fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let lines = headers.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let entries = lines.flat_map(|line| line.split(',')).map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// Reads an address, with or without a port; nothing for `unknown` and for names
/// that a proxy made up (RFC 7239, 6.3).
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    address
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    let known = ["http", "https"].into_iter();
    known
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

/// Whether `text` could be a host with or without a port, and nothing else.
fn is_host(text: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]%".contains(&byte);
    !text.is_empty() && text.len() <= 260 && text.bytes().all(may)
}

#[cfg(test)]
mod tests;
