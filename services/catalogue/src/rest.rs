//! The catalogue as JSON over HTTP, the way the first Sock Shop spoke it
//! (contract/catalogue.md).

use axum::extract::{Path, Query, RawQuery, State};
use axum::{Router, routing};
use chassis::Result;
use chassis::money::Price;
use chassis::openapi::{self, GoError};
use chassis::rest::{Json, Written};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use validation::text::normalized;

use crate::pictures;
use crate::product::{Filter, Order, Product};
use crate::shelf::{Copy, Shelf};

#[derive(OpenApi)]
#[openapi(info(title = "catalogue", description = "What the shop sells"))]
struct Api;

/// The REST routes, and their description at `/openapi.json`.
pub fn routes(shelf: Shelf) -> Router {
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
        .with_state(shelf)
}

/// Parameters as they came; the first of a name counts.
type Parameters = Query<Vec<(String, String)>>;

/// Products by page. A page that makes no sense is empty, and a filter that
/// matches nothing is `null` on the first page (QUIRKs).
#[utoipa::path(get, path = "/catalogue",
    params(
        ("tags" = Option<String>, Query, description = "comma-separated; any of them"),
        ("sort" = Option<String>, Query, description = "id, name, price or count"),
        ("page" = Option<i64>, Query, description = "counts from 1"),
        ("size" = Option<i64>, Query, description = "products per page; 10 when not given")),
    responses((status = 200, body = Option<Vec<Sock>>)))]
async fn list(
    State(shelf): State<Shelf>,
    RawQuery(raw): RawQuery,
    Query(query): Parameters,
) -> Result<Written> {
    let name = raw.as_deref().unwrap_or_default();
    shelf
        .page(name, |copy| Written::json(&socks(copy, &query)))
        .await
}

fn socks(copy: &Copy, query: &[(String, String)]) -> Option<Vec<Sock>> {
    let filter = filter(query);
    let Some((page, size)) = page(query) else {
        return Some(Vec::new());
    };
    let skip = (page - 1).saturating_mul(size);
    let (products, total) = copy.list(&filter, skip, size);
    if total == 0 && page == 1 {
        return None;
    }
    let socks = products
        .into_iter()
        .map(|product| Sock::listed(product, &filter));
    Some(socks.collect())
}

/// How many products match.
#[utoipa::path(get, path = "/catalogue/size",
    params(("tags" = Option<String>, Query, description = "comma-separated; any of them")),
    responses((status = 200, body = Size)))]
async fn size(State(shelf): State<Shelf>, Query(query): Parameters) -> Result<Json<Size>> {
    let (_, size) = shelf.list(&filter(&query), 0, 0).await?;
    Ok(Json(Size { size, err: None }))
}

/// One product with all its tags.
#[utoipa::path(get, path = "/catalogue/{id}",
    responses((status = 200, body = Sock), (status = 404, description = "no product has this id")))]
async fn one(State(shelf): State<Shelf>, Path(id): Path<String>) -> Result<Json<Sock>> {
    Ok(Json(shelf.get(&id).await?.into()))
}

/// Every tag.
#[utoipa::path(get, path = "/tags", responses((status = 200, body = Tags)))]
async fn tags(State(shelf): State<Shelf>) -> Result<Json<Tags>> {
    let tags = shelf
        .tags()
        .await?
        .into_iter()
        .map(|tag| tag.name)
        .collect();
    Ok(Json(Tags { tags, err: None }))
}

fn first<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| &**value)
}

fn filter(query: &[(String, String)]) -> Filter {
    let tags = first(query, "tags").unwrap_or_default();
    let sort = first(query, "sort").unwrap_or_default().to_lowercase();
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

/// Page and size when both are numbers above zero.
fn page(query: &[(String, String)]) -> Option<(usize, usize)> {
    let number = |name, default| match first(query, name) {
        None | Some("") => Some(default),
        Some(text) => text.parse().ok().filter(|number| *number > 0),
    };
    Some((number("page", 1)?, number("size", 10)?))
}

/// A product as old clients expect it: prices are floats, `tag` is a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sock {
    id: String,
    name: String,
    description: String,
    image_url: Vec<String>,
    price: Price,
    count: i64,
    tag: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Size {
    size: usize,
    /// Always null.
    err: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Tags {
    tags: Vec<String>,
    /// Always null.
    err: Option<String>,
}

impl Sock {
    /// A product in a list shows only the tags that were asked for (QUIRK).
    fn listed(mut product: Product, filter: &Filter) -> Self {
        if !filter.tags.is_empty() {
            let asked = |own: &String| filter.tags.iter().any(|tag| tag.eq_ignore_ascii_case(own));
            product.tags.retain(asked);
        }
        product.into()
    }
}

impl From<Product> for Sock {
    fn from(product: Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            image_url: product.image_urls,
            price: product.price_cents.into(),
            count: product.stock,
            tag: product.tags,
        }
    }
}
