//! The orders of the customer who asks, and nobody else's.

use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::openapi::SpringError;
use chassis::rest::Json;
use chassis::{Error, Result, clock, ids};
use proto::orders as pb;
use proto::user::{ListAddressesRequest, ListCardsRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cart::CART_REVISION;
use super::{NoCause, order_dto};
use crate::{AppState, Visitor};

/// Maximum number of orders in one response: the newest.
const MAX_ORDERS: u32 = 1000;

const HAL: &str = "application/hal+json;charset=UTF-8";

const INCOMPLETE: &str = "Invalid order request. Order requires customer, address, card and items.";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, place))
        .routes(routes!(search))
        .routes(routes!(found))
        .routes(routes!(one))
}

/// Lists the customer's orders, newest last. The status was always 201.
#[utoipa::path(get, path = "/orders", responses((status = 201, body = Vec<Object>), (status = 401, description = "a guest")))]
async fn list(
    State(shop): State<AppState>,
    visitor: Visitor,
) -> Result<(StatusCode, Json<Vec<Value>>)> {
    let orders = newest(&shop, &visitor.signed_in()?.id).await?;
    let orders = orders.iter().map(order_dto::read).collect();
    Ok((StatusCode::CREATED, Json(orders)))
}

/// Places an order for what is in the cart, to the customer's first address
/// and from their first card. The cart stays as it is.
#[utoipa::path(post, path = "/orders", params(
    ("Idempotency-Key" = Option<String>, Header, description = "a repeated key returns the first order"),
    ("Cart-Revision" = Option<String>, Header, description = "of the cart that is meant, as `GET /cart` gave it: it is bought once"),
), responses((status = 201, body = Object), (status = 401, description = "a guest"),
    (status = 406, body = SpringError, description = "declined, or something is missing"),
    (status = 409, body = Bought, description = "the cart has changed, or was bought already: then `order` is the id of that order")))]
async fn place(
    State(shop): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response> {
    let customer = &visitor.signed_in()?.id;
    match order(&shop, customer, &headers).await {
        Ok(order) => {
            let order = order_dto::placed(&order);
            Ok((StatusCode::CREATED, Json(order)).into_response())
        }
        Err(Error::Refused(message)) => Ok(refused(&message)),
        Err(Error::Duplicate {
            message,
            existing_id,
        }) => {
            let bought = Bought {
                message,
                error: NoCause {},
                order: Some(existing_id),
            };
            Ok((StatusCode::CONFLICT, Json(bought)).into_response())
        }
        Err(error) => Err(error),
    }
}

/// A failure that may name the order which bought the cart.
#[derive(Serialize, ToSchema)]
struct Bought {
    message: String,
    error: NoCause,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
}

async fn order(shop: &AppState, customer: &str, headers: &HeaderMap) -> Result<pb::Order> {
    let customer_id = || customer.to_owned();
    let (mut addresses, mut cards) = (shop.users.clone(), shop.users.clone());
    let (addresses, cards) = tokio::try_join!(
        addresses.list_addresses(ListAddressesRequest {
            customer_id: customer_id()
        }),
        cards.list_cards(ListCardsRequest {
            customer_id: customer_id()
        }),
    )?;
    let address = addresses.into_inner().addresses.into_iter().next();
    let card = cards.into_inner().cards.into_iter().next();
    let (Some(address), Some(card)) = (address, card) else {
        return Err(Error::Refused(INCOMPLETE.into()));
    };
    let header = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let request = pb::PlaceOrderRequest {
        customer_id: customer_id(),
        address_id: address.id,
        card_id: card.id,
        // Chosen here, so that a call that is repeated for lack of an answer buys once.
        idempotency_key: header("idempotency-key").unwrap_or_else(ids::new_id),
        keep_cart: true,
        // Its clients are not shown a total before they order.
        confirmed_total_cents: None,
        cart_revision: header(CART_REVISION).unwrap_or_default(),
    };
    Ok(shop.orders.clone().place_order(request).await?.into_inner())
}

/// What the orders service of old said to the buyer.
fn refused(message: &str) -> Response {
    let body = json!({
        "timestamp": clock::now_ms(), "status": 406, "error": "Not Acceptable",
        "message": message, "path": "/orders",
    });
    (StatusCode::NOT_ACCEPTABLE, Json(body)).into_response()
}

/// Says how to search.
#[utoipa::path(get, path = "/orders/search", responses(
    (status = 200, body = Object, content_type = HAL), (status = 404, description = "No body: a guest")))]
async fn search(visitor: Visitor) -> Response {
    if visitor.customer.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let own = "http://orders/orders/search";
    let by_customer = json!({"href": format!("{own}/customerId{{?custId}}"), "templated": true});
    hal(&json!({"_links": {"findByCustomerId": by_customer, "self": {"href": own}}}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    #[serde(default)]
    cust_id: String,
}

/// Finds the customer's own orders.
#[utoipa::path(get, path = "/orders/search/customerId", params(("custId" = String, Query)),
    responses((status = 200, body = Object, content_type = HAL), (status = 404, description = "No body: not the customer's own")))]
async fn found(
    State(shop): State<AppState>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response> {
    match &visitor.customer {
        Some(customer) if customer.id == search.cust_id => {
            let orders = newest(&shop, &customer.id).await?;
            Ok(hal(&order_dto::found(&orders, &customer.id)))
        }
        _ => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

/// Returns one of the customer's orders.
#[utoipa::path(get, path = "/orders/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Object, content_type = HAL), (status = 404, description = "No body: not one of the customer's")))]
async fn one(
    State(shop): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response> {
    let Some(customer) = visitor.customer else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let request = pb::GetOrderRequest {
        id,
        customer_id: customer.id,
    };
    let order = shop.orders.clone().get_order(request).await;
    match order.map_err(Error::from) {
        Ok(order) if stands(order.get_ref()) => Ok(hal(&order_dto::read(order.get_ref()))),
        Ok(_) | Err(Error::NotFound(_) | Error::Invalid(_)) => {
            Ok(StatusCode::NOT_FOUND.into_response())
        }
        Err(error) => Err(error),
    }
}

/// The customer's newest orders, oldest of them first.
async fn newest(shop: &AppState, customer: &str) -> Result<Vec<pb::Order>> {
    let request = pb::ListOrdersRequest {
        customer_id: customer.to_owned(),
        page_size: MAX_ORDERS,
        ..pb::ListOrdersRequest::default()
    };
    let list = shop.orders.clone().list_orders(request).await?;
    let mut orders = list.into_inner().orders;
    orders.retain(stands);
    orders.reverse();
    Ok(orders)
}

/// Whether it was paid, and still is. The original kept no others, so its
/// clients would take them for bought.
fn stands(order: &pb::Order) -> bool {
    use pb::State::{Packed, Paid, Shipped};
    matches!(order.state(), Paid | Packed | Shipped)
}

fn hal(value: &Value) -> Response {
    ([(CONTENT_TYPE, HAL)], value.to_string()).into_response()
}
