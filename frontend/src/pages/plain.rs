//! The shop window for those who come with curl.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, USER_AGENT};
use axum::response::{IntoResponse, Response};
use chassis::Result;
use proto::catalogue as pb;

use super::format;
use crate::AppState;

/// Whether a request comes from a terminal, or asks for plain text outright.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let text = |name| {
        let value = headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    let (accept, agent) = (text(ACCEPT), text(USER_AGENT));
    let is_terminal = agent.starts_with("curl/") || agent.starts_with("Wget/");
    accept.starts_with("text/plain") || (is_terminal && !accept.contains("text/html"))
}

/// The window, with everything in it.
pub(super) async fn show(shop: &AppState) -> Result<Response> {
    let request = pb::ListProductsRequest {
        size: 20,
        ..Default::default()
    };
    let list = shop.list(request).await;
    let socks = list.map(|list| list.value.products).unwrap_or_default();
    let release = format!("{} {}", shop.release.version, shop.release.instance);
    Ok(window(&socks, &release).into_response())
}

const SIGN: &str = r"
     ________
    |  | | | |
    |________|     S O C K   S H O P
    |  ~  ~  |
    | ~  ~  ~|     Sold strictly in pairs.
    |  ~  ~  |__
    |_ ~  ~     \______
   /  \ ~  ~  ~  ~  |  \
   \__|______________\__/

";

fn window(socks: &[pb::Product], release: &str) -> String {
    let shelf = if socks.is_empty() {
        "   The catalogue is out of reach just now. Do come again.\n".to_owned()
    } else {
        socks.iter().map(line).collect()
    };
    format!(
        "{SIGN}{shelf}
   Browse      curl <shop>/catalogue
   Buy         curl -b jar -c jar --json '{{\"id\":\"<id>\"}}' <shop>/cart
   Or bring a browser: it has pictures.

   {release}
"
    )
}

fn line(sock: &pb::Product) -> String {
    format!(
        "   {:<18}{:>8}   {:<10} {}\n",
        sock.name,
        format::money(sock.price_cents),
        format::stock(sock.stock),
        sock.tags.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn wanted(agent: &'static str, accept: &'static str) -> bool {
        let headers = [(USER_AGENT, agent), (ACCEPT, accept)];
        is_wanted(&HeaderMap::from_iter(
            headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        ))
    }

    #[test]
    fn terminals_get_text_and_browsers_get_pages() {
        assert!(wanted("curl/8.9.1", "*/*"));
        assert!(wanted("Mozilla/5.0", "text/plain"));
        assert!(!wanted("curl/8.9.1", "text/html"));
        assert!(!wanted("Mozilla/5.0", "text/html,*/*;q=0.8"));
        assert!(!wanted("python-requests/2.32", "*/*"));
    }

    #[test]
    fn the_window_lists_every_sock_with_price_and_stock() {
        let sock = pb::Product {
            name: "Holy".to_owned(),
            price_cents: 9999,
            stock: 1,
            tags: vec!["magic".to_owned(), "action".to_owned()],
            ..Default::default()
        };
        let text = window(&[sock], "v1 front-end-1");
        assert!(
            text.contains("Holy                £99.99   last pair  magic, action\n"),
            "{text}"
        );
        assert!(window(&[], "v1").contains("out of reach"));
    }
}
