//! The JSON that the original's clients know (contract page `front-end.md`),
//! put together from what the services say over gRPC.

mod account;
mod auth;
mod cart;
mod catalogue;
mod dto;
mod extract;
mod order_dto;
mod orders;
mod saved;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::error::Failure;
use chassis::openapi;
use chassis::rest::Json;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::AppState;
use crate::security::{self, CrossSite};

#[derive(OpenApi)]
#[openapi(info(
    title = "front-end",
    description = "The JSON of the web shop, as clients of the original Sock Shop know it."
))]
struct Api;

/// The routes of the JSON face, and their description at `/openapi.json`.
pub fn routes() -> Router<AppState> {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .merge(catalogue::routes())
        .merge(cart::routes())
        .merge(orders::routes())
        .merge(auth::routes())
        .merge(account::routes())
        .merge(saved::routes())
        .split_for_parts();
    let document = openapi::document::<Failed>(&api);
    router
        .route("/openapi.json", get(move || async { Json(document) }))
        .layer(from_fn(word))
}

/// Words errors the way the original did.
pub(crate) async fn word(request: Request, next: Next) -> Response {
    let is_refused = request.extensions().get::<CrossSite>().is_some();
    let mut response = if is_refused {
        security::refusal()
    } else {
        next.run(request).await
    };
    let Some(failed) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let wait = response.headers_mut().remove(RETRY_AFTER);
    let mut worded = match response.status() {
        StatusCode::UNAUTHORIZED => failure(StatusCode::UNAUTHORIZED, "User not logged in."),
        status => failure(status, &failed.message),
    };
    if let Some(wait) = wait {
        worded.headers_mut().insert(RETRY_AFTER, wait);
    }
    worded
}

/// Error body of the original's front-end.
#[derive(Serialize, ToSchema)]
struct Failed<'a> {
    message: &'a str,
    error: NoCause,
}

/// The cause of an error, which callers are never told: an empty object.
#[derive(Serialize, ToSchema)]
struct NoCause {}

/// An error in the original's shape; causes are nobody's business.
pub(crate) fn failure(status: StatusCode, message: &str) -> Response {
    let error = NoCause {};
    let body = serde_json::to_string(&Failed { message, error }).unwrap_or_default();
    let media_type = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, media_type, body).into_response()
}
