//! Carts as JSON over HTTP, the way the first Sock Shop spoke it.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json as Plain, Router};
use chassis::Result;
use chassis::money::Price;
use chassis::openapi::{self, SpringError};
use chassis::rest::{Json, StrictJson};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Store;
use crate::cart::Item;

mod sent;

use sent::Sent;

#[derive(OpenApi)]
#[openapi(info(title = "carts", description = "What a visitor means to buy."))]
struct Api;

/// The REST routes, and their description at `/openapi.json`.
pub fn routes(store: Store) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(cart, clear))
        .routes(routes!(merge))
        .routes(routes!(items, add, set))
        .routes(routes!(item, remove))
        .split_for_parts();
    let document = openapi::document::<SpringError>(&api);
    router
        .route("/openapi.json", get(async || Plain(document)))
        .with_state(store)
}

/// Names a cart. An unknown one is empty and no error.
#[utoipa::path(get, path = "/carts/{customerId}",
    params(("customerId" = String, Path)),
    responses((status = OK, body = Owner), (status = BAD_REQUEST)))]
async fn cart(State(store): State<Store>, Path(customer): Path<String>) -> Result<Json<Owner>> {
    let mut customer_id = store.get(&customer).await?.customer_id;
    // The original's framework took `.x` for a media type, here only; we cut the
    // echo but never the key, or carts of `a.b` and `a.c` would be one.
    if let Some(dot @ 1..) = customer_id.rfind('.') {
        customer_id.truncate(dot);
    }
    Ok(Json(Owner { customer_id }))
}

/// Empties a cart.
#[utoipa::path(delete, path = "/carts/{customerId}",
    params(("customerId" = String, Path)),
    responses((status = ACCEPTED), (status = BAD_REQUEST)))]
async fn clear(State(store): State<Store>, Path(customer): Path<String>) -> Result<StatusCode> {
    store.clear(&customer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Moves all items of a session's cart into this one, adding quantities.
#[utoipa::path(get, path = "/carts/{customerId}/merge",
    params(("customerId" = String, Path), Session),
    responses((status = ACCEPTED), (status = BAD_REQUEST)))]
async fn merge(
    State(store): State<Store>,
    Path(customer): Path<String>,
    Query(session): Query<Session>,
) -> Result<StatusCode> {
    store.merge(&session.session_id, &customer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists the items of a cart in the order they were added.
#[utoipa::path(get, path = "/carts/{customerId}/items",
    params(("customerId" = String, Path)),
    responses((status = OK, body = Vec<Line>), (status = BAD_REQUEST)))]
async fn items(
    State(store): State<Store>,
    Path(customer): Path<String>,
) -> Result<Json<Vec<Line>>> {
    let items = store.get(&customer).await?.items;
    Ok(Json(items.into_iter().map(Line::from).collect()))
}

/// Adds an item, or one more of an item that is there already.
#[utoipa::path(post, path = "/carts/{customerId}/items", request_body = Sent,
    params(("customerId" = String, Path)),
    responses((status = CREATED, body = Line), (status = BAD_REQUEST), (status = UNSUPPORTED_MEDIA_TYPE)))]
async fn add(
    State(store): State<Store>,
    Path(customer): Path<String>,
    StrictJson(sent): StrictJson<Sent>,
) -> Result<(StatusCode, Json<Line>)> {
    let addition = sent.addition()?;
    let cart = store.add(&customer, &addition).await?;
    let item = cart.item(&addition.product_id)?.clone();
    Ok((StatusCode::CREATED, Json(item.into())))
}

/// Sets the quantity of an item; zero removes it.
#[utoipa::path(patch, path = "/carts/{customerId}/items", request_body = Sent,
    params(("customerId" = String, Path)),
    responses((status = ACCEPTED), (status = BAD_REQUEST), (status = NOT_FOUND), (status = UNSUPPORTED_MEDIA_TYPE)))]
async fn set(
    State(store): State<Store>,
    Path(customer): Path<String>,
    StrictJson(sent): StrictJson<Sent>,
) -> Result<StatusCode> {
    let (product, quantity) = sent.wanted()?;
    store.set_quantity(&customer, &product, quantity).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Returns one item of a cart.
#[utoipa::path(get, path = "/carts/{customerId}/items/{itemId}",
    params(("customerId" = String, Path), ("itemId" = String, Path)),
    responses((status = OK, body = Line), (status = BAD_REQUEST), (status = NOT_FOUND)))]
async fn item(
    State(store): State<Store>,
    Path((customer, product)): Path<(String, String)>,
) -> Result<Json<Line>> {
    let cart = store.get(&customer).await?;
    Ok(Json(cart.item(&product)?.clone().into()))
}

/// Removes an item, whatever its quantity.
#[utoipa::path(delete, path = "/carts/{customerId}/items/{itemId}",
    params(("customerId" = String, Path), ("itemId" = String, Path)),
    responses((status = ACCEPTED), (status = BAD_REQUEST), (status = NOT_FOUND)))]
async fn remove(
    State(store): State<Store>,
    Path((customer, product)): Path<(String, String)>,
) -> Result<StatusCode> {
    store.set_quantity(&customer, &product, 0).await?;
    Ok(StatusCode::ACCEPTED)
}

/// All that is said about a cart itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Owner {
    customer_id: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Session {
    /// The cart to empty.
    session_id: String,
}

/// An item as old clients expect it: the price is a number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    item_id: String,
    quantity: u32,
    unit_price: Price,
}

impl From<Item> for Line {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            item_id: item.product_id,
            quantity: item.quantity,
            unit_price: item.unit_price_cents.into(),
        }
    }
}
