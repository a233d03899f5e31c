//! The cart of whoever asks.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::cart as pb;
use proto::catalogue::GetProductRequest;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dto::Item;
use super::extract::Fields;
use crate::{AppState, Visitor};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, add, clear))
        .routes(routes!(update))
        .routes(routes!(remove))
}

/// The header that names the contents of a cart: every change gives it another
/// value. An empty cart has none.
pub(super) const CART_REVISION: &str = "cart-revision";

/// Lists the lines of the cart.
#[utoipa::path(get, path = "/cart", responses((status = 200, body = Vec<Item>,
    headers(("Cart-Revision" = String, description = "names these contents; none for an empty cart")))))]
async fn show(State(shop): State<AppState>, visitor: Visitor) -> Result<Response> {
    let request = pb::GetCartRequest {
        customer_id: visitor.owner().to_owned(),
    };
    let cart = shop.carts.clone().get_cart(request).await?.into_inner();
    let revision = HeaderValue::from_str(&cart.revision);
    let items: Vec<_> = cart.items.into_iter().map(Item::from).collect();
    let mut response = Json(items).into_response();
    if let Some(revision) = revision.ok().filter(|revision| !revision.is_empty()) {
        response.headers_mut().insert(CART_REVISION, revision);
    }
    Ok(response)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Add {
    id: Option<String>,
}

/// Adds one of a product.
#[utoipa::path(post, path = "/cart", request_body = Add,
    responses((status = 201), (status = 400), (status = 404)))]
async fn add(
    State(shop): State<AppState>,
    visitor: Visitor,
    Fields(add): Fields<Add>,
) -> Result<StatusCode> {
    let id = given(add.id, "Must pass id of item to add")?;
    let product = shop.catalogue.clone();
    let product = { product }.get_product(GetProductRequest { id }).await;
    let product = product.map_err(no_product)?.into_inner();
    let request = pb::AddItemRequest {
        customer_id: visitor.owner().to_owned(),
        product_id: product.id,
        quantity: 1,
        unit_price_cents: product.price_cents,
    };
    shop.carts.clone().add_item(request).await?;
    Ok(StatusCode::CREATED)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Update {
    id: Option<String>,
    /// A number, or one in quotes.
    #[schema(value_type = Option<u32>)]
    quantity: Option<Value>,
}

/// Sets the quantity of a line; zero removes it.
#[utoipa::path(post, path = "/cart/update", request_body = Update,
    responses((status = 202), (status = 400), (status = 404)))]
async fn update(
    State(shop): State<AppState>,
    visitor: Visitor,
    Fields(update): Fields<Update>,
) -> Result<StatusCode> {
    let product_id = given(update.id, "Must pass id of item to update")?;
    let Some(quantity) = update.quantity else {
        return Err(Error::invalid("Must pass quantity to update"));
    };
    let request = pb::SetQuantityRequest {
        customer_id: visitor.owner().to_owned(),
        product_id,
        quantity: count(&quantity)?,
    };
    let updated = shop.carts.clone().set_quantity(request).await;
    updated.map_err(no_line)?;
    Ok(StatusCode::ACCEPTED)
}

/// Empties the cart.
#[utoipa::path(delete, path = "/cart", responses((status = 202)))]
async fn clear(State(shop): State<AppState>, visitor: Visitor) -> Result<StatusCode> {
    let request = pb::ClearCartRequest {
        customer_id: visitor.owner().to_owned(),
        ..Default::default()
    };
    shop.carts.clone().clear_cart(request).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Removes a line.
#[utoipa::path(delete, path = "/cart/{itemId}", params(("itemId" = String, Path, description = "the product's id")),
    responses((status = 202), (status = 404)))]
async fn remove(
    State(shop): State<AppState>,
    visitor: Visitor,
    Path(product_id): Path<String>,
) -> Result<StatusCode> {
    let request = pb::RemoveItemRequest {
        customer_id: visitor.owner().to_owned(),
        product_id,
    };
    let removed = shop.carts.clone().remove_item(request).await;
    removed.map_err(no_line)?;
    Ok(StatusCode::ACCEPTED)
}

fn given(id: Option<String>, otherwise: &str) -> Result<String> {
    id.filter(|id| !id.is_empty())
        .ok_or_else(|| Error::invalid(otherwise))
}

/// Reads a quantity: a whole number, in quotes or not.
fn count(value: &Value) -> Result<u32> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok()),
        _ => None,
    };
    number.ok_or_else(|| Error::invalid("quantity must be a whole number"))
}

fn no_product(status: tonic::Status) -> Error {
    match status.into() {
        Error::NotFound(_) => Error::NotFound("product"),
        error => error,
    }
}

fn no_line(status: tonic::Status) -> Error {
    match status.into() {
        Error::NotFound(_) => Error::NotFound("item in the cart"),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_numbers_in_quotes_or_not() {
        assert_eq!(count(&json!(3)).ok(), Some(3));
        assert_eq!(count(&json!("3")).ok(), Some(3));
        assert_eq!(count(&json!(0)).ok(), Some(0));
        for bad in [json!("abc"), json!(-1), json!(1.5), json!(null), json!("")] {
            assert!(count(&bad).is_err(), "{bad}");
        }
    }
}
