//! The way to the shop: one pool of connections for all visitors, and every
//! door of the shop.

use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{COOKIE, HeaderValue, LOCATION, USER_AGENT};
use hyper::{HeaderMap, Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

use super::Ask;
use crate::recorder::TransportError;

/// Nobody listens where it takes longer than this to connect.
const CONNECT: Duration = Duration::from_secs(1);

/// Answers larger than this are broken off.
const LARGEST: usize = 4 << 20;

/// Who we say we are.
const AGENT: HeaderValue = HeaderValue::from_static("sockshop-load");

/// All doors of one shop. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Net {
    client: Client<HttpConnector, Full<Bytes>>,
    doors: Vec<Uri>,
    patience: Duration,
}

/// HTTP response with its complete body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code of the response.
    pub status: StatusCode,
    /// Header fields of the response.
    pub headers: HeaderMap,
    /// Body of the response, read to its end.
    pub body: Bytes,
}

impl Reply {
    /// The body as text; empty when it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// Where it sends its reader on to: a path of the shop.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        location.starts_with('/').then_some(location)
    }
}

impl Net {
    /// The shop whose front-ends are at `urls`; visitors wait for `patience`.
    pub fn new(urls: &[String], patience: Duration) -> anyhow::Result<Self> {
        let doors = urls
            .iter()
            .map(|url| door(url))
            .collect::<Result<Vec<_>, _>>()?;
        if doors.is_empty() {
            bail!("there is no shop to visit");
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            doors,
            patience,
        })
    }

    /// Sends `ask` through the visitor's usual `door`. Where nobody listens,
    /// the next one becomes their usual one, as browsers do with addresses.
    pub(super) async fn send(
        &self,
        ask: &Ask,
        cookies: Option<&HeaderValue>,
        door: &mut usize,
    ) -> Result<Reply, TransportError> {
        let attempt = async {
            let mut outcome = Err(TransportError::Refused);
            for _ in &self.doors {
                let request = self
                    .request(ask, cookies, *door)
                    .ok_or(TransportError::Broken)?;
                outcome = self.exchange(request).await;
                if !matches!(outcome, Err(TransportError::Refused)) {
                    break;
                }
                *door = door.wrapping_add(1);
            }
            outcome
        };
        let answer = tokio::time::timeout(self.patience, attempt).await;
        if matches!(answer, Err(_) | Ok(Err(TransportError::Broken))) {
            *door = door.wrapping_add(1);
        }
        answer.unwrap_or(Err(TransportError::Timeout))
    }

    fn request(
        &self,
        ask: &Ask,
        cookies: Option<&HeaderValue>,
        door: usize,
    ) -> Option<Request<Full<Bytes>>> {
        let mut uri = self.doors[door % self.doors.len()].clone().into_parts();
        uri.path_and_query = Some(ask.path.parse().ok()?);
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(Uri::from_parts(uri).ok()?)
            .header(USER_AGENT, AGENT);
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(cookies) = cookies {
            request = request.header(COOKIE, cookies);
        }
        request.body(Full::new(ask.body.clone())).ok()
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, TransportError> {
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| transport_error(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.map_err(|_| TransportError::Broken)?.to_bytes(),
        })
    }
}

fn transport_error(error: &Error) -> TransportError {
    if error.is_connect() {
        TransportError::Refused
    } else {
        TransportError::Broken
    }
}

fn door(url: &str) -> anyhow::Result<Uri> {
    let wrong = || format!("`{url}` is not a URL such as http://127.0.0.1:8080");
    let uri: Uri = url.trim_end_matches('/').parse().with_context(wrong)?;
    if uri.scheme_str() != Some("http") || uri.authority().is_none() || uri.path() != "/" {
        bail!(wrong());
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_a_plain_url() {
        assert!(door("http://127.0.0.1:8080").is_ok() && door("http://shop/").is_ok());
        for wrong in [
            "",
            "127.0.0.1:8080",
            "https://shop",
            "http://shop/socks",
            "http://",
        ] {
            assert!(door(wrong).is_err(), "{wrong}");
        }
        assert!(Net::new(&[], CONNECT).is_err());
    }
}
