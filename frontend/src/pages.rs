//! The pages for people: complete without a script, and under the paths the
//! original had as well as under our own.

mod about;
mod account;
mod basket;
mod checkout;
mod compression;
mod error_page;
mod field;
mod fields;
mod fill;
mod form;
mod format;
mod home;
mod layout;
mod listing;
mod order;
mod order_events;
mod orders;
mod place_order;
mod plain;
mod register;
mod resend;
mod saved;
mod sign_in;
mod sock;
mod socks;
mod submitted;
mod theme;
mod timeline;
mod totals;
mod validate;

pub(crate) use theme::COOKIE as THEME_COOKIE;

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chassis::{Error, Result};

use crate::AppState;

/// The routes of all pages. `POST /register` is the JSON face's own.
pub fn routes(shop: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/socks", get(socks::show))
        .route("/socks/{id}", get(sock::show))
        .route("/basket", get(fill::show).post(fill::add))
        .route("/basket/{product}", post(fill::change))
        .route("/checkout", get(checkout::show).post(checkout::order))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/register", get(register::invite))
        .route("/sign-up", post(register::register))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/about", get(about::show))
        .route("/theme", post(theme::choose))
        .route("/favicon.ico", get(icon))
        .merge(account())
        .merge(old())
        .route("/{*path}", get(error_page::unknown))
        .layer(from_fn_with_state(shop.clone(), error_page::explain))
        .layer(from_fn(compression::compress))
}

/// A customer's own pages.
fn account() -> Router<AppState> {
    Router::new()
        .route("/account", get(account::show))
        .route("/account/profile", post(account::rename))
        .route("/account/addresses", post(account::add_address))
        .route(
            "/account/addresses/{id}/remove",
            post(account::remove_address),
        )
        .route("/account/cards", post(account::add_card))
        .route("/account/cards/{id}/remove", post(account::remove_card))
        .route("/account/orders", get(orders::list))
        .route("/account/orders/{id}", get(orders::show))
        .route("/account/orders/{id}/cancel", post(orders::cancel))
        .route("/account/orders/{id}/events", get(order_events::events))
}

/// The paths of the original's pages, and of the parts and left-overs that it
/// served beside them.
fn old() -> Router<AppState> {
    let moved = |to: &'static str| get(move || async move { Redirect::permanent(to) });
    Router::new()
        .route("/index.html", get(home::show))
        .route("/category.html", get(socks::show))
        .route("/detail.html", get(sock::show_old))
        .route("/basket.html", get(fill::show))
        .route("/customer-orders.html", get(orders::list))
        .route("/customer-order.html", get(orders::show_old))
        .route("/register.html", moved("/register"))
        .route("/checkout1.html", moved("/checkout"))
        .route("/checkout2.html", moved("/checkout"))
        .route("/checkout3.html", moved("/checkout"))
        .route("/checkout4.html", moved("/checkout"))
        .route("/customer-account.html", moved("/account"))
        .route("/customer-wishlist.html", moved("/socks"))
        .route("/topbar.html", moved("/"))
        .route("/navbar.html", moved("/"))
        .route("/footer.html", moved("/"))
}

/// The picture on the tab for those who look for it where it always was.
async fn icon() -> impl IntoResponse {
    let icon = theme::ICON.replace("TINT", "#b3361e");
    ([(CONTENT_TYPE, "image/svg+xml")], icon)
}

fn html(page: &impl Template) -> Result<Response> {
    html_with(StatusCode::OK, page)
}

fn html_with(status: StatusCode, page: &impl Template) -> Result<Response> {
    let text = page.render().map_err(Error::internal)?;
    Ok((status, Html(text)).into_response())
}

/// Sends a visitor on with a fresh `GET`, as after a form.
fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}
