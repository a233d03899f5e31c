//! The list of socks.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use chassis::Result;
use proto::catalogue as pb;

use super::layout::{Page, PageContext};
use super::listing::View;
use super::sock::Sock;
use super::{error_page, format, html};
use crate::AppState;
use crate::catalogue_cache::MaybeStale;

/// A tag as a link.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    /// What it is called.
    pub name: String,
    /// How many socks carry it.
    pub products: u32,
    /// Target of the link.
    pub href: String,
    /// Whether it is chosen.
    pub on: bool,
}

impl Tag {
    /// A tag that leads to all its socks.
    pub(super) fn of_all(tag: pb::Tag) -> Self {
        Self {
            href: format::tag_href(&tag.name),
            name: tag.name,
            products: tag.products,
            on: false,
        }
    }

    /// `sock` or `socks`, as many as carry it.
    pub(super) fn word(&self) -> &'static str {
        format::socks_word(self.products)
    }

    /// A tag that narrows or widens `view`.
    pub(super) fn of(view: &View, tag: pb::Tag) -> Self {
        Self {
            href: view.toggled(&tag.name).href(),
            on: view.has(&tag.name),
            name: tag.name,
            products: tag.products,
        }
    }
}

/// A link to one page of the list.
struct Number {
    label: u32,
    href: String,
    on: bool,
}

#[derive(Template)]
#[template(path = "socks.html")]
struct List {
    page: Page,
    view: View,
    headline: String,
    away: bool,
    socks: Vec<Sock>,
    tags: Vec<Tag>,
    pages: Vec<Number>,
    previous: Option<String>,
    next: Option<String>,
}

/// `GET /socks`: products by tags, search and page.
pub(super) async fn show(
    State(shop): State<AppState>,
    RawQuery(query): RawQuery,
    visit: PageContext,
) -> Result<Response> {
    let mut view = View::read(&query.unwrap_or_default());
    let (mut page, list, tags) = tokio::join!(
        visit.page(&shop, "Socks"),
        turned(&shop, &mut view),
        shop.tags()
    );
    let away = list.is_err();
    page.note(away, error_page::AWAY);
    page.note(
        list.as_ref().is_ok_and(|list| list.stale),
        error_page::STALE,
    );
    let list = list.map(|list| list.value).unwrap_or_default();
    let count = view.pages(list.total);
    let number = |label| Number {
        label,
        href: view.at(label).href(),
        on: label == view.page,
    };
    html(&List {
        headline: view.headline(list.total),
        away,
        socks: list.products.into_iter().map(Sock::from).collect(),
        tags: tags
            .map(|tags| tags.value)
            .unwrap_or_default()
            .into_iter()
            .map(|tag| Tag::of(&view, tag))
            .collect(),
        pages: (1..=count).map(number).collect(),
        previous: (view.page > 1).then(|| view.at(view.page - 1).href()),
        next: (view.page < count).then(|| view.at(view.page + 1).href()),
        page,
        view,
    })
}

/// What is in `view`; the last page when it was turned too far.
async fn turned(shop: &AppState, view: &mut View) -> Result<MaybeStale<pb::ListProductsResponse>> {
    let seen = shop.list(view.request()).await?;
    let last = view.pages(seen.value.total).max(1);
    if view.page <= last {
        return Ok(seen);
    }
    view.page = last;
    shop.list(view.request()).await
}
