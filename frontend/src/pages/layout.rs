//! What frames every page: who is asking, what is in their basket, and which
//! release answers.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use chassis::{Error, Result, telemetry};
use proto::cart::{Cart, GetCartRequest};

use super::format;
use super::theme::{Banner, Theme, favicon};
use crate::assets::Assets;
use crate::timeout::call;
use crate::visitor::{Flash, Kind};
use crate::{AppState, Visitor};

/// One request for a page.
#[derive(Clone, Debug)]
pub(super) struct PageContext {
    /// Visitor who sent the request.
    pub visitor: Visitor,
    /// For which path and query.
    pub path: String,
    theme: Theme,
}

impl FromRequestParts<AppState> for PageContext {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, shop: &AppState) -> Result<Self> {
        let path = parts.uri.path_and_query();
        Ok(Self {
            path: path.map_or("/", PathAndQuery::as_str).to_owned(),
            theme: Theme::of(parts),
            visitor: Visitor::from_request_parts(parts, shop).await?,
        })
    }
}

impl PageContext {
    /// Frames a page called `title`.
    pub(super) async fn page(&self, shop: &AppState, title: impl Into<String>) -> Page {
        let cart = self.cart(shop).await;
        self.page_with(shop, title, cart.ok().as_ref())
    }

    /// Fetches the cart of the visitor.
    pub(super) async fn cart(&self, shop: &AppState) -> Result<Cart> {
        let request = GetCartRequest {
            customer_id: self.visitor.owner().to_owned(),
        };
        call(shop.carts.clone().get_cart(request)).await
    }

    /// Frames a page called `title` for the owner of `cart`, which is unknown
    /// while the carts are away.
    pub(super) fn page_with(
        &self,
        shop: &AppState,
        title: impl Into<String>,
        cart: Option<&Cart>,
    ) -> Page {
        let ribbon = Banner::of(&shop.release);
        Page {
            title: title.into(),
            path: self.path.clone(),
            theme: self.theme,
            favicon: favicon(ribbon.as_ref()),
            ribbon,
            name: self.visitor.customer.as_ref().map(|customer| {
                let name = format!("{} {}", customer.first_name, customer.last_name);
                Some(name.trim().to_owned())
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| customer.username.clone())
            }),
            csrf: self.visitor.csrf.clone(),
            basket: cart.map(count),
            flash: self.visitor.take_flash(shop),
            notes: Vec::new(),
            version: shop.release.version.clone(),
            instance: shop.release.instance.clone(),
            trace: telemetry::trace_id(),
            assets: Assets,
        }
    }
}

/// How many pairs are in a cart.
pub(super) fn count(cart: &Cart) -> u32 {
    cart.items.iter().map(|item| item.quantity).sum()
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// What the page is called.
    pub title: String,
    /// Its path and query.
    pub path: String,
    /// How it is lit.
    pub theme: Theme,
    /// The picture on the tab.
    pub favicon: String,
    /// Tells an unusual release apart.
    pub ribbon: Option<Banner>,
    /// Who is signed in.
    pub name: Option<String>,
    /// What every form must bring back.
    pub csrf: String,
    /// Pairs in the basket, when that is known.
    pub basket: Option<u32>,
    /// What the page before wanted to say.
    pub flash: Option<Flash>,
    /// What the visitor should know about this page.
    pub notes: Vec<&'static str>,
    /// The release that serves it.
    pub version: String,
    /// The process that serves it.
    pub instance: String,
    /// The trace that it is part of, if there is one.
    pub trace: Option<String>,
    /// What it is made of.
    pub assets: Assets,
}

impl Page {
    /// Whether this page is the one at `path`.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    /// Brings the visitor back here after signing in.
    pub(super) fn next_query(&self) -> String {
        next_query(&self.path)
    }

    /// `item` or `items`, as many as are in the basket.
    pub(super) fn basket_word(&self) -> &'static str {
        format::items_word(self.basket.unwrap_or_default())
    }

    /// Says `note` on the page when `applies`.
    pub(super) fn note(&mut self, applies: bool, note: &'static str) {
        if applies && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// `?next=` and where to go, unless that is where everybody goes.
pub(super) fn next_query(next: &str) -> String {
    match format::safe_next(next) {
        "/" => String::new(),
        next if next.starts_with("/sign-") || next.starts_with("/register") => String::new(),
        next => format!("?next={}", format::encoded(next)),
    }
}

impl Flash {
    /// Its class in the style sheet.
    pub(super) fn class(&self) -> &'static str {
        match self.kind {
            Kind::Done => "ok",
            Kind::Problem => "error",
        }
    }

    /// The word that says in short how it is meant.
    pub(super) fn word(&self) -> &'static str {
        match self.kind {
            Kind::Done => "Done.",
            Kind::Problem => "Sorry.",
        }
    }
}
