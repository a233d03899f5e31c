//! What the shop sells. Where the catalogue has no answer, its error is one:
//! clients look at `status_code`, not at the status.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::catalogue as pb;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dto::{Missing, Sock, missing};
use crate::{AppState, Visitor};

/// Maximum number of products on one page.
const MAX_PAGE_SIZE: i64 = 100;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(size))
        .routes(routes!(one))
        .routes(routes!(tags))
}

type Pairs = Query<Vec<(String, String)>>;

/// Lists products.
#[utoipa::path(get, path = "/catalogue", params(
    ("page" = Option<i64>, Query, description = "counts from 1"),
    ("size" = Option<i64>, Query, description = "products per page, 10 when not given"),
    ("sort" = Option<String>, Query, description = "id, name, price or count"),
    ("tags" = Option<String>, Query, description = "any of these, separated by commas"),
), responses((status = 200, body = Option<Vec<Sock>>, description = "null when no product carries the tags")))]
async fn list(State(shop): State<AppState>, _: Visitor, Query(pairs): Pairs) -> Result<Response> {
    let Some(request) = question(&pairs) else {
        return Ok(Json(Vec::<Sock>::new()).into_response());
    };
    let tags = request.tags.clone();
    let first = request.page == 1;
    let found = shop.list(request).await?.value;
    if found.total == 0 && first && !tags.is_empty() {
        return Ok(Json(None::<Vec<Sock>>).into_response());
    }
    let socks = found.products.into_iter().map(Sock::from);
    let socks: Vec<_> = socks.map(|sock| sock.found_by(&tags)).collect();
    Ok(Json(socks).into_response())
}

#[derive(Serialize, ToSchema)]
struct Size {
    size: u32,
    /// Always null, as in the original.
    err: Option<String>,
}

/// Counts products.
#[utoipa::path(get, path = "/catalogue/size", params(
    ("tags" = Option<String>, Query, description = "any of these, separated by commas"),
), responses((status = 200, body = Size)))]
async fn size(State(shop): State<AppState>, _: Visitor, Query(pairs): Pairs) -> Result<Json<Size>> {
    let request = pb::ListProductsRequest {
        tags: wanted_tags(&pairs),
        size: 1,
        ..Default::default()
    };
    let size = shop.list(request).await?.value.total;
    Ok(Json(Size { size, err: None }))
}

/// A product, or why there is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Found {
    Product(Sock),
    Missing(Missing),
}

/// Returns a product, or with status 200 an error whose `status_code` is 404.
#[utoipa::path(get, path = "/catalogue/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Found)))]
async fn one(
    State(shop): State<AppState>,
    _: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Found>> {
    match shop.product(&id).await {
        Ok(seen) => Ok(Json(Found::Product(seen.value.into()))),
        Err(error @ (Error::NotFound(_) | Error::Invalid(_))) => {
            let error = missing(&error.to_string(), StatusCode::NOT_FOUND);
            Ok(Json(Found::Missing(error)))
        }
        Err(error) => Err(error),
    }
}

#[derive(Serialize, ToSchema)]
struct Tags {
    tags: Vec<String>,
    /// Always null, as in the original.
    err: Option<String>,
}

/// Lists tags.
#[utoipa::path(get, path = "/tags", responses((status = 200, body = Tags)))]
async fn tags(State(shop): State<AppState>, _: Visitor) -> Result<Json<Tags>> {
    let tags = shop.tags().await?.value;
    let tags = tags.into_iter().map(|tag| tag.name).collect();
    Ok(Json(Tags { tags, err: None }))
}

/// What to ask the catalogue; nothing for a page that cannot be.
fn question(pairs: &[(String, String)]) -> Option<pb::ListProductsRequest> {
    let number = |key, default| match first(pairs, key) {
        "" => Some(default),
        text => text.parse().ok().filter(|number| *number > 0),
    };
    let order = match first(pairs, "sort").to_lowercase().as_str() {
        "name" => pb::Order::Name,
        "price" => pb::Order::Price,
        "count" => pb::Order::Stock,
        _ => pb::Order::Unspecified,
    };
    Some(pb::ListProductsRequest {
        tags: wanted_tags(pairs),
        order: order.into(),
        page: u32::try_from(number("page", 1)?).ok()?,
        size: u32::try_from(number("size", 10)?.min(MAX_PAGE_SIZE)).ok()?,
        search: String::new(),
    })
}

fn wanted_tags(pairs: &[(String, String)]) -> Vec<String> {
    let tags = first(pairs, "tags").split(',');
    tags.filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The first value of a parameter: only that one ever counted.
fn first<'a>(pairs: &'a [(String, String)], key: &str) -> &'a str {
    let found = pairs.iter().find(|(name, _)| name == key);
    found.map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Option<pb::ListProductsRequest> {
        let pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        question(&pairs)
    }

    #[test]
    fn pages_and_sizes_have_the_defaults_of_old() {
        let request = asked(&[]).unwrap();
        assert_eq!((request.page, request.size), (1, 10));
        let request = asked(&[("page", "2"), ("size", "3"), ("sort", "COUNT")]).unwrap();
        assert_eq!((request.page, request.size), (2, 3));
        assert_eq!(request.order(), pb::Order::Stock);
    }

    #[test]
    fn pages_that_cannot_be_are_empty() {
        for (key, value) in [
            ("page", "0"),
            ("page", "-1"),
            ("size", "0"),
            ("size", "abc"),
        ] {
            assert_eq!(asked(&[(key, value)]), None, "{key}={value}");
        }
        assert_eq!(asked(&[("page", "99999999999999999999")]), None);
    }

    #[test]
    fn only_the_first_tags_count() {
        let request = asked(&[("tags", "brown,,geek"), ("tags", "red")]).unwrap();
        assert_eq!(request.tags, ["brown", "geek"]);
    }
}
