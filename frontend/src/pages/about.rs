//! What the shop is, and which processes made this very page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::Result;
use proto::cart::GetCartRequest;
use proto::catalogue::ListTagsRequest;
use proto::orders::GetOrderRequest;
use proto::user::GetCustomerRequest;
use tonic::{Code, Status};

use super::html;
use super::layout::{Page, PageContext};
use crate::AppState;
use crate::timeout::soon;

/// An id that is well formed and nobody's.
const NOBODY: &str = "000000000000000000000000";

/// A service, and who answered for it.
struct Row {
    service: &'static str,
    version: String,
    instance: String,
    up: bool,
}

#[derive(Template)]
#[template(path = "about.html")]
struct About {
    page: Page,
    rows: Vec<Row>,
}

/// `GET /about`: the page about the shop.
pub(super) async fn show(State(shop): State<AppState>, visit: PageContext) -> Result<Response> {
    let (mut catalogue, mut carts) = (shop.catalogue.clone(), shop.carts.clone());
    let (mut orders, mut users) = (shop.orders.clone(), shop.users.clone());
    let customer_id = visit.visitor.owner().to_owned();
    let id = NOBODY.to_owned();
    let (page, catalogue, carts, orders, users) = tokio::join!(
        visit.page(&shop, "About"),
        soon(catalogue.list_tags(ListTagsRequest {})),
        soon(carts.get_cart(GetCartRequest { customer_id })),
        soon(orders.get_order(GetOrderRequest {
            id: id.clone(),
            customer_id: id.clone()
        })),
        soon(users.get_customer(GetCustomerRequest { id })),
    );
    let own = format!(
        "front-end/{} ({})",
        shop.release.version, shop.release.instance
    );
    let rows = vec![
        Row::new("front-end", Some(&own)),
        Row::of("catalogue", &catalogue),
        Row::of("carts", &carts),
        Row::of("orders", &orders),
        Row::of("user", &users),
    ];
    html(&About { page, rows })
}

impl Row {
    /// Reads who gave `answer`: an error is as good as any other.
    fn of<T>(service: &'static str, answer: &Result<tonic::Response<T>, Status>) -> Self {
        let metadata = match answer {
            Ok(answer) => Some(answer.metadata()),
            Err(status) if is_away(status) => None,
            Err(status) => Some(status.metadata()),
        };
        let signature = metadata.map(|metadata| {
            let server = metadata.get("server");
            server
                .and_then(|server| server.to_str().ok())
                .unwrap_or("?")
        });
        Self::new(service, signature)
    }

    /// Takes `catalogue/v2 (catalogue-1)` apart.
    fn new(service: &'static str, signature: Option<&str>) -> Self {
        let (release, instance) = signature.unwrap_or("").split_once(" (").unwrap_or_default();
        let version = release.split_once('/').map_or("?", |(_, version)| version);
        let known = |text: &str| {
            if text.is_empty() {
                "?".to_owned()
            } else {
                text.to_owned()
            }
        };
        Self {
            service,
            version: version.to_owned(),
            instance: known(instance.trim_end_matches(')')),
            up: signature.is_some(),
        }
    }

    fn class(&self) -> &'static str {
        if self.up { "done" } else { "ended" }
    }

    fn word(&self) -> &'static str {
        if self.up { "Serving" } else { "Out of reach" }
    }
}

fn is_away(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_names_release_and_instance() {
        let row = Row::new("carts", Some("carts/v2 (cart-1)"));
        assert_eq!(
            (&*row.version, &*row.instance, row.word()),
            ("v2", "cart-1", "Serving")
        );
    }

    #[test]
    fn who_does_not_answer_is_out_of_reach() {
        let row = Row::of::<()>("carts", &Err(Status::unavailable("gone")));
        assert_eq!((&*row.version, row.word()), ("?", "Out of reach"));
        let row = Row::of::<()>("carts", &Err(Status::not_found("nobody")));
        assert_eq!((&*row.instance, row.word()), ("?", "Serving"));
    }
}
