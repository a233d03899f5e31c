//! One sock: how it is shown everywhere, and its own page.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chassis::{Error, Result};
use proto::catalogue as pb;
use serde::Deserialize;

use super::layout::{Page, PageContext};
use super::{error_page, format, html};
use crate::AppState;
use crate::assets::Assets;

/// How many socks to show beside one.
const ALIKE: usize = 3;

/// A sock as pages show it.
#[derive(Clone, Debug)]
pub(super) struct Sock {
    /// Names it in URLs.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// How many are left.
    pub stock: i64,
    /// What kind of sock it is.
    pub tags: Vec<String>,
    /// Price of one pair in cents.
    pub price_cents: i64,
    pictures: Vec<String>,
}

impl From<pb::Product> for Sock {
    fn from(product: pb::Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            stock: product.stock,
            tags: product.tags,
            price_cents: product.price_cents,
            pictures: product.image_urls,
        }
    }
}

impl Sock {
    /// Where its page is.
    pub(super) fn path(&self) -> String {
        format::sock_href(&self.id)
    }

    /// URL of the first picture.
    pub(super) fn picture(&self) -> String {
        let first = self.pictures.first().cloned();
        first.unwrap_or_else(|| Assets.picture("empty.svg"))
    }

    /// URL of the second picture, if it differs.
    pub(super) fn second_picture(&self) -> Option<&str> {
        let second = self.pictures.get(1)?;
        (*second != self.pictures[0]).then_some(second)
    }

    /// Price as it is shown.
    pub(super) fn price(&self) -> String {
        format::money(self.price_cents)
    }

    /// How many are left, in words.
    pub(super) fn stock_words(&self) -> String {
        format::stock(self.stock)
    }

    /// Whether one should hurry.
    pub(super) fn is_scarce(&self) -> bool {
        self.stock < 20
    }

    /// How many one can put into the basket at once.
    pub(super) fn most(&self) -> i64 {
        self.stock.clamp(1, 99)
    }
}

#[derive(Template)]
#[template(path = "sock.html")]
struct SockPage {
    page: Page,
    sock: Sock,
    alike: Vec<Sock>,
}

/// `GET /socks/{id}`: the page of one product.
pub(super) async fn show(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    visit: PageContext,
) -> Result<Response> {
    let seen = shop.product(&id).await?;
    let sock = Sock::from(seen.value);
    let (mut page, alike) = tokio::join!(visit.page(&shop, &sock.name), alike(&shop, &sock));
    page.note(seen.stale, error_page::STALE);
    html(&SockPage { page, sock, alike })
}

/// The query of the original's page.
#[derive(Deserialize)]
pub(super) struct Old {
    id: Option<String>,
}

/// `GET /detail.html?id=`, which is a page even when there is no such sock.
pub(super) async fn show_old(
    state: State<AppState>,
    Query(query): Query<Old>,
    visit: PageContext,
) -> Result<Response> {
    let Some(id) = query.id.filter(|id| !id.is_empty()) else {
        return Ok(Redirect::to("/").into_response());
    };
    let shop = state.0.clone();
    match Box::pin(show(state, Path(id), visit.clone())).await {
        Err(Error::NotFound(_)) => error_page::no_such_sock(&shop, &visit).await,
        answer => answer,
    }
}

/// Socks that share a tag with `sock`, those of its first tag first; any
/// others when there are too few.
async fn alike(shop: &AppState, sock: &Sock) -> Vec<Sock> {
    let list = |tags: Vec<String>| async {
        let request = pb::ListProductsRequest {
            tags,
            size: 12,
            ..Default::default()
        };
        shop.list(request).await.map(|seen| seen.value.products)
    };
    let first = sock.tags.first().cloned().into_iter().collect();
    let (same, similar, any) = tokio::join!(list(first), list(sock.tags.clone()), list(Vec::new()));
    let mut socks: Vec<Sock> = Vec::new();
    for product in same.into_iter().chain(similar).chain(any).flatten() {
        let is_new = product.id != sock.id && socks.iter().all(|sock| sock.id != product.id);
        if is_new && socks.len() < ALIKE {
            socks.push(product.into());
        }
    }
    socks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sock(images: &[&str]) -> Sock {
        Sock::from(pb::Product {
            image_urls: images.iter().map(|&image| image.to_owned()).collect(),
            stock: 1,
            ..Default::default()
        })
    }

    #[test]
    fn a_second_picture_is_shown_only_when_it_is_another() {
        assert_eq!(sock(&["a", "b"]).second_picture(), Some("b"));
        assert_eq!(sock(&["a", "a"]).second_picture(), None);
        assert_eq!(sock(&["a"]).second_picture(), None);
        assert!(sock(&[]).picture().starts_with("/assets/empty."));
    }

    #[test]
    fn the_last_pair_can_be_bought_once() {
        assert_eq!(sock(&[]).most(), 1);
        assert!(sock(&[]).is_scarce());
    }
}
