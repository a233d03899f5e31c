//! Orders as JSON over HTTP, the way the first Sock Shop spoke it
//! (contract/orders.md).
//!
//! The old wire has no word for the state of an order: it shows those that
//! stand, from *paid* on, and no others.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use chassis::openapi::{self, SpringError};
use chassis::rest::{Json, StrictJson, bare};
use chassis::{Error, Result};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::dto::CustomerOrder;
use crate::hrefs::{AllowList, Hrefs};
use crate::order::PlaceOrder;
use crate::place::place;
use crate::status::State as Status;

mod hal;
mod page;

use hal::{Collection, Hal, Links, Search, base};
use page::Page;

#[derive(OpenApi)]
#[openapi(info(title = "orders", description = "Places orders and follows them"))]
struct Api;

/// The REST routes, and their description at `/openapi.json`.
pub fn routes(shop: App) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(list, create))
        .routes(routes!(searches))
        .routes(routes!(search))
        .routes(routes!(one))
        .split_for_parts();
    let document = openapi::document::<SpringError>(&api);
    router
        .route("/openapi.json", routing::get(|| async { Json(document) }))
        .with_state(shop)
}

/// What an order is made of: four absolute URLs.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct NewOrder {
    /// `http://user/customers/{id}`
    customer: Option<String>,
    /// `http://user/addresses/{id}`
    address: Option<String>,
    /// `http://user/cards/{id}`
    card: Option<String>,
    /// `http://carts/carts/{id}/items`
    items: Option<String>,
}

const INCOMPLETE: &str = "Invalid order request. Order requires customer, address, card and items.";

/// Places an order. The cart is left alone (QUIRK). With an `Idempotency-Key`
/// the request may be repeated and is still one order.
#[utoipa::path(post, path = "/orders", request_body = NewOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "chosen once per order")),
    responses((status = 201, content((CustomerOrder = "application/json"), (CustomerOrder = "application/hal+json"))),
        (status = 400, description = "an href is not one of this shop's"),
        (status = 404, description = "address or card are not the customer's"),
        (status = 406, description = "incomplete, empty or declined; the message says"),
        (status = 415, description = "not application/json"),
        (status = 503, description = "another service does not answer; nothing was charged"),
        (status = 504, description = "another service is slow; nothing was charged")))]
async fn create(
    State(shop): State<App>,
    headers: HeaderMap,
    StrictJson(new): StrictJson<NewOrder>,
) -> Result<Response> {
    let hrefs = new.hrefs(&shop.allowed)?;
    if hrefs.items.id != hrefs.customer.id {
        return Err(Error::invalid("the cart is not this customer's"));
    }
    let wish = PlaceOrder {
        customer_id: hrefs.customer.id.clone(),
        address_id: hrefs.address.id.clone(),
        card_id: hrefs.card.id.clone(),
        key: key(&headers)?,
        keep_cart: true,
        confirmed_cents: None,
        cart_revision: None,
        hrefs: Some(hrefs),
    };
    let order = place(&shop, &wish).await?;
    if order.state == Status::Cancelled {
        return Err(Error::Refused("this order was cancelled".into()));
    }
    let placed = CustomerOrder::placed(&order);
    Ok(if hal::is_wanted(&headers) {
        (StatusCode::CREATED, Hal(placed)).into_response()
    } else {
        (StatusCode::CREATED, Json(placed)).into_response()
    })
}

impl NewOrder {
    fn hrefs(self, allowed: &AllowList) -> Result<Hrefs> {
        let (Some(customer), Some(address), Some(card), Some(items)) =
            (self.customer, self.address, self.card, self.items)
        else {
            return Err(Error::Refused(INCOMPLETE.into()));
        };
        Ok(Hrefs {
            customer: allowed.href(&customer, "/customers/", "")?,
            address: allowed.href(&address, "/addresses/", "")?,
            card: allowed.href(&card, "/cards/", "")?,
            items: allowed.href(&items, "/carts/", "/items")?,
        })
    }
}

/// The idempotency key of a request, or a new one.
fn key(headers: &HeaderMap) -> Result<String> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(Uuid::new_v4().to_string());
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()));
    key.map(str::to_owned)
        .ok_or_else(|| Error::invalid("Idempotency-Key must have 1 to 200 visible letters"))
}

/// The orders of a customer, the newest last. Of many, the newest thousand.
#[utoipa::path(get, path = "/orders/search/customerId",
    params(("custId" = Option<String>, Query), ("sort" = Option<String>, Query, description = "no effect (QUIRK)")),
    responses((status = 200, body = Collection, content_type = hal::MEDIA_TYPE)))]
async fn search(
    State(shop): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Hal<Collection>> {
    let customer = query.get("custId").map(String::as_str).unwrap_or_default();
    let orders = match customer {
        "" => Vec::new(),
        customer => shop.store.standing_of(customer).await?,
    };
    let base = base(&headers, &uri);
    Ok(Hal(Collection::found(&orders, &base, &uri)))
}

/// All orders by page.
#[utoipa::path(get, path = "/orders",
    params(("page" = Option<i64>, Query, description = "counts from 0"),
        ("size" = Option<i64>, Query, description = "20 when not given, at most 1000"),
        ("sort" = Option<String>, Query, description = "date, total or customerId, with `,desc` for the greatest first")),
    responses((status = 200, body = Collection, content_type = hal::MEDIA_TYPE)))]
async fn list(
    State(shop): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Hal<Collection>> {
    let page = Page::read(&query);
    let (orders, total) = shop
        .store
        .standing(page.sort, page.skip(), page.size)
        .await?;
    let base = base(&headers, &uri);
    Ok(Hal(Collection::page(&orders, &base, &page, total)))
}

/// One order; 404 without a body when there is none (QUIRK).
#[utoipa::path(get, path = "/orders/{id}",
    responses((status = 200, body = CustomerOrder, content_type = hal::MEDIA_TYPE),
        (status = 404, description = "No body: no order has this id")))]
async fn one(
    State(shop): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Response> {
    let order = match shop.store.get(&id).await {
        Err(Error::NotFound(_)) => return Ok(bare(StatusCode::NOT_FOUND)),
        order => order?,
    };
    if !matches!(order.state, Status::Paid | Status::Packed | Status::Shipped) {
        return Ok(bare(StatusCode::NOT_FOUND));
    }
    let base = base(&headers, &uri);
    Ok(Hal(CustomerOrder::read(&order, &base)).into_response())
}

/// What can be searched for.
#[utoipa::path(get, path = "/orders/search",
    responses((status = 200, body = Search, content_type = hal::MEDIA_TYPE)))]
async fn searches(headers: HeaderMap, uri: Uri) -> Hal<Search> {
    Hal(Search {
        links: Links::searches(&base(&headers, &uri)),
    })
}
