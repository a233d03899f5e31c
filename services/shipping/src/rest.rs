//! REST API of the original shipping service: JSON over HTTP.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use chassis::openapi::{self, SpringError};
use chassis::rest::{Json, StrictJson};
use chassis::{Result, clock};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::Store;

mod dto;

use dto::Shipment;

/// OpenAPI document of the service.
#[derive(OpenApi)]
struct Api;

/// Builds the REST routes and the OpenAPI document at `/openapi.json`.
pub fn routes(store: Store) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(all, create))
        .routes(routes!(one))
        .split_for_parts();
    let document = openapi::document::<SpringError>(&api);
    router
        .route("/openapi.json", get(|| async { Json(document) }))
        .with_state(store)
}

/// Creates a shipment and returns the request body. The shipment is committed before
/// the response: an unavailable store results in 503, never in 201.
#[utoipa::path(post, path = "/shipping", request_body = Shipment, responses(
    (status = 201, body = Shipment),
    (status = 400, description = "Not such an object"),
    (status = 415, description = "Not sent as JSON"),
    (status = 503, description = "The store does not answer"),
))]
async fn create(
    State(store): State<Store>,
    StrictJson(shipment): StrictJson<Shipment>,
) -> Result<(StatusCode, Json<Shipment>)> {
    let id = shipment.id.clone().filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
    let name = shipment.name.as_deref().unwrap_or_default();
    let stored = crate::Shipment::new(&id, "", name, clock::now_ms())?;
    store.create(&stored).await?;
    Ok((StatusCode::CREATED, Json(shipment)))
}

/// Returns the placeholder text of the original; some probes use it.
#[utoipa::path(get, path = "/shipping", responses((status = 200, body = String)))]
async fn all() -> &'static str {
    "GET ALL Shipping Resource."
}

/// Returns the placeholder text of the original; the id is not looked up.
#[utoipa::path(get, path = "/shipping/{id}", params(("id" = String, Path)),
    responses((status = 200, body = String)))]
async fn one(Path(id): Path<String>) -> String {
    format!("GET Shipping Resource with id: {id}")
}
