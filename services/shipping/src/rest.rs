//! Shipping as JSON over HTTP, the way the first Sock Shop spoke it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use chassis::openapi::{self, SpringError};
use chassis::rest::{Json, StrictJson};
use chassis::{Result, clock};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::Store;

#[derive(OpenApi)]
struct Api;

/// The REST routes.
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

/// Takes a shipment in, and answers what it was given. It is kept before the answer: when
/// the store is away that is 503, never a 201 for a shipment that is nowhere.
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
    let kept = crate::Shipment::new(&id, "", name, clock::now_ms())?;
    store.create(&kept).await?;
    Ok((StatusCode::CREATED, Json(shipment)))
}

/// A placeholder of the original's, kept for whoever probes it.
#[utoipa::path(get, path = "/shipping", responses((status = 200, body = String)))]
async fn all() -> &'static str {
    "GET ALL Shipping Resource."
}

/// A placeholder of the original's: the id is not looked up.
#[utoipa::path(get, path = "/shipping/{id}", params(("id" = String, Path)),
    responses((status = 200, body = String)))]
async fn one(Path(id): Path<String>) -> String {
    format!("GET Shipping Resource with id: {id}")
}

/// What comes in and goes out. An absent field gets a value, a null stays null.
#[derive(Deserialize, Serialize, ToSchema)]
struct Shipment {
    #[serde(default = "new_id")]
    id: Option<String>,
    #[serde(default = "no_name")]
    name: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn new_id() -> Option<String> {
    Some(Uuid::new_v4().to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn no_name() -> Option<String> {
    Some(String::new())
}
