//! Home page: the newest and best of the catalogue.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chassis::Result;
use proto::catalogue as pb;

use super::layout::{Page, PageContext};
use super::sock::Sock;
use super::socks::Tag;
use super::{error_page, html, plain};
use crate::AppState;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Page,
    socks: Vec<Sock>,
    total: u32,
    tags: Vec<Tag>,
}

/// `GET /`, in plain text for those who read it in a terminal.
pub(super) async fn show(
    State(shop): State<AppState>,
    headers: HeaderMap,
    visit: PageContext,
) -> Result<Response> {
    if plain::is_wanted(&headers) {
        return plain::show(&shop).await;
    }
    let request = pb::ListProductsRequest {
        size: 5,
        ..Default::default()
    };
    let (mut page, list, tags) =
        tokio::join!(visit.page(&shop, "Home"), shop.list(request), shop.tags());
    page.note(list.is_err(), error_page::AWAY);
    page.note(
        list.as_ref().is_ok_and(|list| list.stale),
        error_page::STALE,
    );
    let list = list.map(|list| list.value).unwrap_or_default();
    let tags = tags.map(|tags| tags.value).unwrap_or_default();
    html(&Home {
        page,
        total: list.total,
        socks: list.products.into_iter().map(Sock::from).collect(),
        tags: tags.into_iter().map(Tag::of_all).collect(),
    })
}
