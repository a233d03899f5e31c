//! REST API of the original catalogue: JSON over HTTP (contract/catalogue.md).

use axum::extract::{Path, Query, RawQuery, State};
use axum::{Router, routing};
use chassis::Result;
use chassis::openapi::{self, GoError};
use chassis::rest::{Json, JsonBytes};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use validation::text::normalized;

use crate::cache::{ProductCache, Snapshot};
use crate::pictures;
use crate::product::{Filter, Order};

mod dto;

use dto::{Size, Sock, Tags};

/// OpenAPI document of the service.
#[derive(OpenApi)]
#[openapi(info(title = "catalogue", description = "What the shop sells"))]
struct Api;

/// Builds the REST routes and the OpenAPI document at `/openapi.json`.
pub fn routes(cache: ProductCache) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(list))
        .routes(routes!(size))
        .routes(routes!(one))
        .routes(routes!(tags))
        .merge(pictures::routes())
        .split_for_parts();
    let document = openapi::document::<GoError>(&api);
    router
        .route("/openapi.json", routing::get(|| async { Json(document) }))
        .with_state(cache)
}

/// Query parameters in request order; the first of a name counts.
type Parameters = Query<Vec<(String, String)>>;

/// Lists products by page. An invalid page is empty, and a filter without matches
/// returns `null` on the first page (QUIRKs).
#[utoipa::path(get, path = "/catalogue",
    params(
        ("tags" = Option<String>, Query, description = "comma-separated; any of them"),
        ("sort" = Option<String>, Query, description = "id, name, price or count"),
        ("page" = Option<i64>, Query, description = "counts from 1"),
        ("size" = Option<i64>, Query, description = "products per page; 10 when not given")),
    responses((status = 200, body = Option<Vec<Sock>>)))]
async fn list(
    State(cache): State<ProductCache>,
    RawQuery(raw): RawQuery,
    Query(query): Parameters,
) -> Result<JsonBytes> {
    let key = raw.as_deref().unwrap_or_default();
    cache
        .page(key, |snapshot| JsonBytes::json(&socks(snapshot, &query)))
        .await
}

fn socks(snapshot: &Snapshot, query: &[(String, String)]) -> Option<Vec<Sock>> {
    let filter = filter(query);
    let Some((page, size)) = page(query) else {
        return Some(Vec::new());
    };
    let offset = (page - 1).saturating_mul(size);
    let (products, total) = snapshot.list(&filter, offset, size);
    if total == 0 && page == 1 {
        return None;
    }
    let socks = products
        .into_iter()
        .map(|product| Sock::with_matching_tags(product, &filter));
    Some(socks.collect())
}

/// Counts the products that match the tags.
#[utoipa::path(get, path = "/catalogue/size",
    params(("tags" = Option<String>, Query, description = "comma-separated; any of them")),
    responses((status = 200, body = Size)))]
async fn size(State(cache): State<ProductCache>, Query(query): Parameters) -> Result<Json<Size>> {
    let (_, size) = cache.list(&filter(&query), 0, 0).await?;
    Ok(Json(Size { size, err: None }))
}

/// Returns one product with all its tags.
#[utoipa::path(get, path = "/catalogue/{id}",
    responses((status = 200, body = Sock), (status = 404, description = "no product has this id")))]
async fn one(State(cache): State<ProductCache>, Path(id): Path<String>) -> Result<Json<Sock>> {
    Ok(Json(cache.get(&id).await?.into()))
}

/// Lists all tag names in display order.
#[utoipa::path(get, path = "/tags", responses((status = 200, body = Tags)))]
async fn tags(State(cache): State<ProductCache>) -> Result<Json<Tags>> {
    let tags = cache
        .tags()
        .await?
        .into_iter()
        .map(|tag| tag.name)
        .collect();
    Ok(Json(Tags { tags, err: None }))
}

fn first_value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| &**value)
}

fn filter(query: &[(String, String)]) -> Filter {
    let tags = first_value(query, "tags").unwrap_or_default();
    let sort = first_value(query, "sort")
        .unwrap_or_default()
        .to_lowercase();
    Filter {
        tags: tags
            .split(',')
            .filter(|tag| !tag.is_empty())
            .map(normalized)
            .collect(),
        search: String::new(),
        order: match &*sort {
            "name" => Order::Name,
            "price" => Order::Price,
            "count" => Order::Stock,
            _ => Order::Id,
        },
    }
}

/// Page number and page size; `None` unless both are positive numbers.
fn page(query: &[(String, String)]) -> Option<(usize, usize)> {
    let number = |name, default| match first_value(query, name) {
        None | Some("") => Some(default),
        Some(text) => text.parse().ok().filter(|number| *number > 0),
    };
    Some((number("page", 1)?, number("size", 10)?))
}
