//! HAL: documents with links, as Spring Data REST wrote them.

use std::collections::BTreeMap;

use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use chassis::Error;
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Numbers, Page};
use crate::dto::{CustomerOrder, Link};
use crate::order::Order;

/// What HAL documents are called here.
pub(super) const MEDIA_TYPE: &str = "application/hal+json;charset=UTF-8";

/// HAL document of a resource, with its links.
pub(super) struct Hal<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Hal<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response(),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// HAL collection of orders, with page links.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Collection {
    #[serde(rename = "_embedded")]
    embedded: Embedded,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Numbers>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Embedded {
    customer_orders: Vec<CustomerOrder>,
}

/// What can be searched for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Search {
    #[serde(rename = "_links")]
    pub(super) links: Links,
}

/// Links by what they lead to. An order has links of its own type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinksByRelation)]
pub(super) struct Links(BTreeMap<&'static str, Link>);

impl Collection {
    /// What a search found; `uri` is how it was asked for.
    pub(super) fn found(orders: &[Order], base: &str, uri: &Uri) -> Self {
        let asked = uri.path_and_query().map(ToString::to_string);
        let this = format!("{base}{}", asked.unwrap_or_default());
        Self {
            embedded: Embedded::new(orders, base),
            links: Links([("self", Link::to(this))].into()),
            page: None,
        }
    }

    /// One page of all `total` orders.
    pub(super) fn page(orders: &[Order], base: &str, page: &Page, total: i64) -> Self {
        let mut links = BTreeMap::from([
            ("self", Link::to(format!("{base}/orders"))),
            ("profile", Link::to(format!("{base}/profile/orders"))),
            ("search", Link::to(format!("{base}/orders/search"))),
        ]);
        for (name, query) in page.neighbours(total) {
            links.insert(name, Link::to(format!("{base}/orders?{query}")));
        }
        Self {
            embedded: Embedded::new(orders, base),
            links: Links(links),
            page: Some(page.numbers(total)),
        }
    }
}

impl Embedded {
    fn new(orders: &[Order], base: &str) -> Self {
        let read = |order| CustomerOrder::read(order, base);
        Self {
            customer_orders: orders.iter().map(read).collect(),
        }
    }
}

impl Links {
    /// The links of `/orders/search`.
    pub(super) fn searches(base: &str) -> Self {
        let find = Link {
            href: format!("{base}/orders/search/customerId{{?custId}}"),
            templated: true,
        };
        let this = Link::to(format!("{base}/orders/search"));
        Self([("findByCustomerId", find), ("self", this)].into())
    }
}

/// Whether a caller would rather have HAL than plain JSON.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let types = accept.unwrap_or_default().split(',').map(str::trim);
    let mut types = types.map(|name| name.split(';').next().unwrap_or_default());
    let first = types.find(|name| matches!(*name, "application/json" | "application/hal+json"));
    first == Some("application/hal+json")
}

/// How the caller reached us, for the links we answer: `http://orders`.
pub(super) fn base(headers: &HeaderMap, uri: &Uri) -> String {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let first = value.unwrap_or_default().split(',').next().map(str::trim);
        first.filter(|text| is_host(text)).map(str::to_owned)
    };
    let scheme = header("x-forwarded-proto").filter(|proto| proto == "https");
    let scheme = scheme.unwrap_or_else(|| "http".to_owned());
    let host = header("x-forwarded-host")
        .or_else(|| header(HOST.as_str()))
        .or_else(|| uri.authority().map(ToString::to_string))
        .unwrap_or_else(|| "orders".to_owned());
    let port = header("x-forwarded-port").filter(|port| {
        let usual = if scheme == "https" { "443" } else { "80" };
        !host.contains(':') && port != usual && port.parse::<u16>().is_ok()
    });
    match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Whether a text can stand where a URL has its host.
fn is_host(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn links_lead_back_the_way_the_caller_came() {
        let of = |pairs: &[_]| base(&headers(pairs), &Uri::from_static("/orders"));
        assert_eq!(of(&[("host", "orders:8080")]), "http://orders:8080");
        assert_eq!(of(&[]), "http://orders");
        assert_eq!(of(&[("host", "evil\"/><b>")]), "http://orders");
        let forwarded = [
            ("host", "orders"),
            ("x-forwarded-host", "shop.example, inner"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "8443"),
        ];
        assert_eq!(of(&forwarded), "https://shop.example:8443");
    }

    #[test]
    fn the_first_known_type_wins() {
        let wants = |accept| is_wanted(&headers(&[("accept", accept)]));
        assert!(wants("application/hal+json, application/json"));
        assert!(wants("text/html, application/hal+json;q=0.9"));
        assert!(!wants("application/json, application/hal+json"));
        assert!(!wants("*/*") && !is_wanted(&HeaderMap::new()));
    }
}
