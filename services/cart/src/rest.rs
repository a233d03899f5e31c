//! REST API of the original carts service: JSON over HTTP (contract page "carts").

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json as PlainJson, Router};
use chassis::Result;
use chassis::openapi::{self, SpringError};
use chassis::rest::{Json, StrictJson};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Store;

mod request;
mod response;

use request::{ItemRequest, MergeQuery};
use response::{CartResponse, ItemResponse};

/// OpenAPI document of the service.
#[derive(OpenApi)]
#[openapi(info(
    title = "carts",
    description = "Shopping carts of visitors and customers."
))]
struct Api;

/// Builds the REST routes and the OpenAPI document at `/openapi.json`.
pub fn routes(store: Store) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(cart, clear))
        .routes(routes!(merge))
        .routes(routes!(items, add, set))
        .routes(routes!(item, remove))
        .split_for_parts();
    let document = openapi::document::<SpringError>(&api);
    router
        .route("/openapi.json", get(async || PlainJson(document)))
        .with_state(store)
}

/// Returns a cart without its items. An unknown cart is empty, not an error.
#[utoipa::path(get, path = "/carts/{customerId}",
    params(("customerId" = String, Path)),
    responses((status = OK, body = CartResponse), (status = BAD_REQUEST)))]
async fn cart(
    State(store): State<Store>,
    Path(customer): Path<String>,
) -> Result<Json<CartResponse>> {
    let mut customer_id = store.get(&customer).await?.customer_id;
    // The original's framework took `.x` for a media type, here only; we cut the
    // echo but never the key, or carts of `a.b` and `a.c` would be one.
    if let Some(dot @ 1..) = customer_id.rfind('.') {
        customer_id.truncate(dot);
    }
    Ok(Json(CartResponse { customer_id }))
}

/// Deletes all items of a cart.
#[utoipa::path(delete, path = "/carts/{customerId}",
    params(("customerId" = String, Path)),
    responses((status = ACCEPTED), (status = BAD_REQUEST)))]
async fn clear(State(store): State<Store>, Path(customer): Path<String>) -> Result<StatusCode> {
    store.clear(&customer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Moves all items of a session's cart into this cart, adding quantities.
#[utoipa::path(get, path = "/carts/{customerId}/merge",
    params(("customerId" = String, Path), MergeQuery),
    responses((status = ACCEPTED), (status = BAD_REQUEST)))]
async fn merge(
    State(store): State<Store>,
    Path(customer): Path<String>,
    Query(query): Query<MergeQuery>,
) -> Result<StatusCode> {
    store.merge(&query.session_id, &customer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists the items of a cart in the order they were added.
#[utoipa::path(get, path = "/carts/{customerId}/items",
    params(("customerId" = String, Path)),
    responses((status = OK, body = Vec<ItemResponse>), (status = BAD_REQUEST)))]
async fn items(
    State(store): State<Store>,
    Path(customer): Path<String>,
) -> Result<Json<Vec<ItemResponse>>> {
    let items = store.get(&customer).await?.items;
    Ok(Json(items.into_iter().map(ItemResponse::from).collect()))
}

/// Adds an item, or increments the quantity of an existing one by one.
#[utoipa::path(post, path = "/carts/{customerId}/items", request_body = ItemRequest,
    params(("customerId" = String, Path)),
    responses((status = CREATED, body = ItemResponse), (status = BAD_REQUEST), (status = UNSUPPORTED_MEDIA_TYPE)))]
async fn add(
    State(store): State<Store>,
    Path(customer): Path<String>,
    StrictJson(request): StrictJson<ItemRequest>,
) -> Result<(StatusCode, Json<ItemResponse>)> {
    let new_item = request.new_item()?;
    let cart = store.add(&customer, &new_item).await?;
    let item = cart.item(&new_item.product_id)?.clone();
    Ok((StatusCode::CREATED, Json(item.into())))
}

/// Sets the quantity of an item; zero removes it.
#[utoipa::path(patch, path = "/carts/{customerId}/items", request_body = ItemRequest,
    params(("customerId" = String, Path)),
    responses((status = ACCEPTED), (status = BAD_REQUEST), (status = NOT_FOUND), (status = UNSUPPORTED_MEDIA_TYPE)))]
async fn set(
    State(store): State<Store>,
    Path(customer): Path<String>,
    StrictJson(request): StrictJson<ItemRequest>,
) -> Result<StatusCode> {
    let (product, quantity) = request.quantity_change()?;
    store.set_quantity(&customer, &product, quantity).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Returns one item of a cart.
#[utoipa::path(get, path = "/carts/{customerId}/items/{itemId}",
    params(("customerId" = String, Path), ("itemId" = String, Path)),
    responses((status = OK, body = ItemResponse), (status = BAD_REQUEST), (status = NOT_FOUND)))]
async fn item(
    State(store): State<Store>,
    Path((customer, product)): Path<(String, String)>,
) -> Result<Json<ItemResponse>> {
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
