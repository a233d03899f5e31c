//! Payment as JSON over HTTP, the way the first Sock Shop spoke it: an amount
//! and a yes or no, and nothing is kept, as the request names no order.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use chassis::money::Price;
use chassis::openapi::{self, GoError};
use chassis::rest::{AnyCaseJson, Json};
use chassis::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorisation::{Verdict, authorise};

#[derive(OpenApi)]
struct Api;

/// The REST routes.
pub fn routes(limit_cents: i64) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(payment_auth))
        .split_for_parts();
    let document = openapi::document::<GoError>(&api);
    router
        .route("/openapi.json", get(|| async { Json(document) }))
        .with_state(limit_cents)
}

/// Authorises an amount. A refusal is an answer, too: 200 for both.
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

/// What is to be paid. Card, address and customer may come along; they are not read.
#[derive(Deserialize, ToSchema)]
struct Payment {
    amount: Option<Price>,
}

#[derive(Serialize, ToSchema)]
struct Authorisation {
    authorised: bool,
    message: String,
}

impl From<Verdict> for Authorisation {
    fn from(verdict: Verdict) -> Self {
        Self {
            authorised: verdict.authorised,
            message: verdict.message,
        }
    }
}
