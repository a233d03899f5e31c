//! The basket's page: looking into it, putting socks in, changing how many.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::cart::{AddItemRequest, Cart, SetQuantityRequest};
use proto::catalogue::Product;
use serde_json::json;
use validation::quantity;

use super::basket::Basket;
use super::layout::{Page, PageContext, count};
use super::submitted::Submitted;
use super::{error_page, format, go, html};
use crate::AppState;
use crate::visitor::Kind;

#[derive(Template)]
#[template(path = "basket.html")]
struct BasketPage {
    page: Page,
    basket: Option<Basket>,
}

/// `GET /basket`: the lines and the total.
pub(super) async fn show(State(shop): State<AppState>, visit: PageContext) -> Result<Response> {
    let cart = visit.cart(&shop).await.ok();
    let mut page = visit.page_with(&shop, "Your basket", cart.as_ref());
    let basket = match cart {
        Some(cart) => Some(Basket::of(&shop, &cart).await),
        None => None,
    };
    let stale = basket.as_ref().is_some_and(|basket| basket.stale);
    page.note(stale, error_page::STALE);
    html(&BasketPage { page, basket })
}

/// `POST /basket`: puts some pairs of a sock in, and goes on to `next`.
pub(super) async fn add(
    State(shop): State<AppState>,
    headers: HeaderMap,
    Submitted { visit, form }: Submitted,
) -> Result<Response> {
    let quantity = match form.value("quantity") {
        "" => 1,
        text => text
            .parse()
            .ok()
            .and_then(|pairs| quantity::check(pairs, 1).ok())
            .ok_or_else(|| {
                Error::invalid(format!("pairs are counted from 1 to {}", quantity::MAX))
            })?,
    };
    let product = shop.product(form.value("product")).await?.value;
    let request = AddItemRequest {
        customer_id: visit.visitor.owner().to_owned(),
        product_id: product.id.clone(),
        quantity,
        unit_price_cents: product.price_cents,
    };
    let cart = shop.carts.clone().add_item(request).await?.into_inner();
    let message = added(&cart, &product);
    let wants_json = headers
        .get(ACCEPT)
        .is_some_and(|accept| accept == "application/json");
    if wants_json {
        return Ok(Json(json!({"count": count(&cart), "message": message})).into_response());
    }
    visit.visitor.flash(&shop, Kind::Done, message);
    let next = Some(form.value("next")).filter(|next| !next.is_empty());
    Ok(go(next.map_or("/basket", format::safe_next)))
}

/// What became of adding a sock: a line stops at the limit.
fn added(cart: &Cart, product: &Product) -> String {
    let mut lines = cart.items.iter();
    let is_full = lines.any(|line| line.product_id == product.id && line.quantity >= quantity::MAX);
    if is_full {
        return format!(
            "In your basket: {} pairs of {}, as many as we can pack.",
            quantity::MAX,
            product.name
        );
    }
    format!("In your basket: {}.", product.name)
}

/// `POST /basket/{product}`: changes how many pairs, or takes them all out.
pub(super) async fn change(
    State(shop): State<AppState>,
    Path(product_id): Path<String>,
    Submitted { visit, form }: Submitted,
) -> Result<Response> {
    let typed = form.value("quantity").parse().ok();
    let Some(quantity) = typed.and_then(|pairs| quantity::check(pairs, 0).ok()) else {
        let text = format!(
            "We can pack up to {} pairs of one sock. Nothing was changed.",
            quantity::MAX
        );
        visit.visitor.flash(&shop, Kind::Problem, text);
        return Ok(go("/basket"));
    };
    let request = SetQuantityRequest {
        customer_id: visit.visitor.owner().to_owned(),
        product_id,
        quantity,
    };
    let changed = shop.carts.clone().set_quantity(request).await;
    match changed.map_err(Error::from) {
        Ok(_) if quantity == 0 => {
            visit
                .visitor
                .flash(&shop, Kind::Done, "It is out of the basket.");
        }
        Ok(_) => {}
        Err(Error::NotFound(_)) => {
            let text = "That sock had left the basket already.";
            visit.visitor.flash(&shop, Kind::Problem, text);
        }
        Err(error) => return Err(error),
    }
    Ok(go("/basket"))
}
