//! Addresses and cards the customer has saved.

use axum::extract::{Path, State};
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::user as pb;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dto::{self, Created, embedded, last_four};
use super::extract::Fields;
use crate::{AppState, Visitor};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(first_address))
        .routes(routes!(first_card))
        .routes(routes!(addresses, add_address))
        .routes(routes!(cards, add_card))
        .routes(routes!(remove_address))
        .routes(routes!(card, remove_card))
}

/// Returns the first address, or `{"status_code":500}` when there is none.
#[utoipa::path(get, path = "/address", responses((status = 200, body = Object)))]
async fn first_address(State(shop): State<AppState>, visitor: Visitor) -> Result<Json<Value>> {
    let Some(customer) = visitor.customer else {
        return Ok(nothing());
    };
    let first = list_addresses(&shop, customer.id).await?.into_iter().next();
    Ok(first.map_or_else(nothing, |address| Json(dto::address(&address))))
}

/// Returns the last four digits of the first card, or `{"status_code":500}`
/// when there is none.
#[utoipa::path(get, path = "/card", responses((status = 200, body = Object)))]
async fn first_card(State(shop): State<AppState>, visitor: Visitor) -> Result<Json<Value>> {
    let Some(customer) = visitor.customer else {
        return Ok(nothing());
    };
    let first = list_cards(&shop, customer.id).await?.into_iter().next();
    Ok(first.map_or_else(nothing, |card| {
        Json(json!({"number": last_four(&card.masked_number)}))
    }))
}

/// The old signal for "nothing saved".
fn nothing() -> Json<Value> {
    Json(json!({"status_code": 500}))
}

/// Lists the customer's addresses.
#[utoipa::path(get, path = "/addresses", responses((status = 200, body = Object), (status = 401, description = "a guest")))]
async fn addresses(State(shop): State<AppState>, visitor: Visitor) -> Result<Json<Value>> {
    let list = list_addresses(&shop, visitor.signed_in()?.id.clone()).await?;
    let list: Vec<_> = list.iter().map(dto::address).collect();
    Ok(Json(embedded("address", &list)))
}

/// Lists the customer's cards.
#[utoipa::path(get, path = "/cards", responses((status = 200, body = Object), (status = 401, description = "a guest")))]
async fn cards(State(shop): State<AppState>, visitor: Visitor) -> Result<Json<Value>> {
    let list = list_cards(&shop, visitor.signed_in()?.id.clone()).await?;
    let list: Vec<_> = list.iter().map(dto::card).collect();
    Ok(Json(embedded("card", &list)))
}

/// Returns one of the customer's cards.
#[utoipa::path(get, path = "/cards/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 401, description = "a guest"), (status = 404, description = "not one of the customer's")))]
async fn card(
    State(shop): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    let customer_id = visitor.signed_in()?.id.clone();
    let request = pb::GetCardRequest { id, customer_id };
    let card = shop.users.clone().get_card(request).await;
    match card.map_err(Error::from) {
        Ok(card) => Ok(Json(dto::card(&card.into_inner()))),
        Err(Error::NotFound(_) | Error::Invalid(_)) => Err(Error::NotFound("card")),
        Err(error) => Err(error),
    }
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Address {
    number: String,
    street: String,
    city: String,
    postcode: String,
    country: String,
}

/// Saves an address.
#[utoipa::path(post, path = "/addresses", request_body = Address,
    responses((status = 200, body = Created), (status = 400, description = "a field that is not as it must be"), (status = 401, description = "a guest")))]
async fn add_address(
    State(shop): State<AppState>,
    visitor: Visitor,
    Fields(address): Fields<Address>,
) -> Result<Json<Created>> {
    let address = pb::Address {
        id: String::new(),
        number: address.number,
        street: address.street,
        city: address.city,
        postcode: address.postcode,
        country: address.country,
    };
    let request = pb::CreateAddressRequest {
        customer_id: visitor.signed_in()?.id.clone(),
        address: Some(address),
    };
    let saved = shop.users.clone().create_address(request).await?;
    let id = saved.into_inner().id;
    Ok(Json(Created { id }))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct Card {
    long_num: String,
    expires: String,
    ccv: String,
}

/// Saves a card: the last four digits of it.
#[utoipa::path(post, path = "/cards", request_body = Card,
    responses((status = 200, body = Created), (status = 400, description = "a field that is not as it must be"), (status = 401, description = "a guest")))]
async fn add_card(
    State(shop): State<AppState>,
    visitor: Visitor,
    Fields(card): Fields<Card>,
) -> Result<Json<Created>> {
    let request = pb::CreateCardRequest {
        customer_id: visitor.signed_in()?.id.clone(),
        number: card.long_num,
        expires: card.expires,
        security_code: card.ccv,
    };
    let saved = shop.users.clone().create_card(request).await?;
    let id = saved.into_inner().id;
    Ok(Json(Created { id }))
}

/// Removes one of the customer's addresses.
#[utoipa::path(delete, path = "/addresses/{id}", params(("id" = String, Path)),
    responses((status = 200, body = String), (status = 401, description = "a guest, or not one of the customer's")))]
async fn remove_address(
    State(shop): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<&'static str>> {
    let customer_id = visitor.signed_in()?.id.clone();
    let request = pb::DeleteAddressRequest { id, customer_id };
    removed(shop.users.clone().delete_address(request).await)
}

/// Removes one of the customer's cards.
#[utoipa::path(delete, path = "/cards/{id}", params(("id" = String, Path)),
    responses((status = 200, body = String), (status = 401, description = "a guest, or not one of the customer's")))]
async fn remove_card(
    State(shop): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<&'static str>> {
    let customer_id = visitor.signed_in()?.id.clone();
    let request = pb::DeleteCardRequest { id, customer_id };
    removed(shop.users.clone().delete_card(request).await)
}

/// A JSON text that holds JSON, as it always was. What is not the customer's
/// is 401, whether it exists or not.
fn removed<T>(outcome: Result<T, tonic::Status>) -> Result<Json<&'static str>> {
    match outcome.map_err(Error::from) {
        Ok(_) => Ok(Json("{\"status\":true}\n")),
        Err(Error::NotFound(_) | Error::Invalid(_)) => Err(Error::Unauthorized),
        Err(error) => Err(error),
    }
}

async fn list_addresses(shop: &AppState, customer_id: String) -> Result<Vec<pb::Address>> {
    let request = pb::ListAddressesRequest { customer_id };
    let list = shop.users.clone().list_addresses(request).await?;
    Ok(list.into_inner().addresses)
}

async fn list_cards(shop: &AppState, customer_id: String) -> Result<Vec<pb::Card>> {
    let request = pb::ListCardsRequest { customer_id };
    let list = shop.users.clone().list_cards(request).await?;
    Ok(list.into_inner().cards)
}
