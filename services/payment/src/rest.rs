//! REST API of the original payment service: JSON over HTTP. The request has no
//! order id, so decisions are not stored.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use chassis::openapi::{self, GoError};
use chassis::rest::{AnyCaseJson, Json};
use chassis::{Error, Result};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorisation::authorise;

mod dto;

use dto::{Authorisation, Payment};

/// OpenAPI document of the service.
#[derive(OpenApi)]
struct Api;

/// Builds the REST routes and the OpenAPI document at `/openapi.json`.
pub fn routes(limit_cents: i64) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(payment_auth))
        .split_for_parts();
    let document = openapi::document::<GoError>(&api);
    router
        .route("/openapi.json", get(|| async { Json(document) }))
        .with_state(limit_cents)
}

/// Authorises an amount. A declined payment has status 200, too.
#[utoipa::path(post, path = "/paymentAuth", request_body = Payment, responses(
    (status = 200, body = Authorisation),
    (status = 400, description = "No amount, or not a positive one"),
))]
async fn payment_auth(
    State(limit_cents): State<i64>,
    AnyCaseJson(payment): AnyCaseJson<Payment>,
) -> Result<Json<Authorisation>> {
    let amount = payment
        .amount
        .ok_or_else(|| Error::invalid("amount is missing"))?;
    Ok(Json(authorise(amount.cents, limit_cents)?.into()))
}
