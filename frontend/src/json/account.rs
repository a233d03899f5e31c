//! The account of the customer who asks, and nobody else's.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::user as pb;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dto::{customer, embedded, missing};
use crate::{AppState, Visitor};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(customers))
        .routes(routes!(myself, close))
}

/// Lists the only customer the visitor may see.
#[utoipa::path(get, path = "/customers", responses((status = 200, body = Object), (status = 401, description = "a guest")))]
async fn customers(State(shop): State<AppState>, visitor: Visitor) -> Result<Json<Value>> {
    let own = fetch(&shop, &visitor.signed_in()?.id).await?;
    Ok(Json(embedded("customer", &[customer(&own)])))
}

/// Returns the visitor's own account, whatever the path says; status 200 with
/// an error for a guest. Clients of old parse the text themselves, so it is
/// not labelled JSON.
#[utoipa::path(get, path = "/customers/{*any}", params(("any" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn myself(State(shop): State<AppState>, visitor: Visitor) -> Result<Response> {
    let own = match &visitor.customer {
        Some(customer) => fetch(&shop, &customer.id).await.map(Some),
        None => Ok(None),
    };
    let text = match own {
        Ok(Some(own)) => customer(&own).to_string(),
        Ok(None) | Err(Error::NotFound(_)) => nobody()?,
        Err(error) => return Err(error),
    };
    let media_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((media_type, format!("{text}\n")).into_response())
}

/// Nobody deletes customers from outside.
#[utoipa::path(delete, path = "/customers/{*any}", params(("any" = String, Path)),
    responses((status = 401, description = "always")))]
async fn close(_: Visitor) -> Error {
    Error::Unauthorized
}

async fn fetch(shop: &AppState, id: &str) -> Result<pb::Customer> {
    let request = pb::GetCustomerRequest { id: id.to_owned() };
    Ok(shop.users.clone().get_customer(request).await?.into_inner())
}

fn nobody() -> Result<String> {
    let missing = missing("Invalid Id Hex", StatusCode::INTERNAL_SERVER_ERROR);
    serde_json::to_string(&missing).map_err(Error::internal)
}
