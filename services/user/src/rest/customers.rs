//! REST handlers below `/customers`.

use axum::extract::{Path, State};
use axum::routing::get;
use chassis::Result;
use chassis::rest::{AnyCaseJson, Json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::request::NewUser;
use super::response::{Addresses, Cards, Created, Done, Embedded, User, Users};
use super::{LegacyError, One, RestState, SOURCE};
use crate::validate::id;

pub(super) fn routes() -> OpenApiRouter<RestState> {
    let same = || get(one).delete(remove);
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, remove))
        .routes(routes!(addresses))
        .routes(routes!(cards))
        .route("/customers/", get(list))
        .route("/customers/{id}/", same())
        .route("/customers/{id}/{*more}", same())
        .route(
            "/customers/{id}/addresses/{*more}",
            get(addresses).delete(remove),
        )
        .route("/customers/{id}/cards/{*more}", get(cards).delete(remove))
}

/// Lists the customers, oldest first, a thousand at most.
#[utoipa::path(get, path = "/customers", responses(
    (status = 200, body = Embedded<Users>, content_type = "application/hal+json"),
))]
async fn list(State(desk): State<RestState>) -> Result<Json<Embedded<Users>>> {
    let customers = desk.store.customers().await?.into_iter();
    let customer = customers
        .map(|customer| desk.links.user(customer))
        .collect();
    Ok(Json(Embedded {
        embedded: Users { customer },
    }))
}

/// Opens an account, as `/register` does.
#[utoipa::path(post, path = "/customers", request_body = NewUser, responses(
    (status = 200, body = Created, content_type = "application/hal+json"),
    (status = 400, description = "no username or no password"),
    (status = 409, description = "the username is taken"),
    (status = 429, description = "too many at once: `Retry-After` says when to try again"),
))]
async fn create(
    State(desk): State<RestState>,
    AnyCaseJson(user): AnyCaseJson<NewUser>,
) -> Result<Json<Created>> {
    let customer = desk.accounts.register(user.into(), SOURCE).await?;
    Ok(Json(Created { id: customer.id }))
}

/// Returns a customer.
#[utoipa::path(get, path = "/customers/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = User, content_type = "application/hal+json"),
    (status = 500, description = "a malformed or an unknown id, too"),
))]
async fn one(
    State(desk): State<RestState>,
    Path(path): Path<One>,
) -> Result<Json<User>, LegacyError> {
    let customer = desk.store.customer(&id(&path.id)?).await?;
    Ok(Json(desk.links.user(customer)))
}

/// Removes a customer with addresses and cards.
#[utoipa::path(delete, path = "/customers/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = Done, content_type = "application/hal+json"),
    (status = 400, description = "a malformed id"),
    (status = 404, description = "no such customer"),
))]
async fn remove(State(desk): State<RestState>, Path(path): Path<One>) -> Result<Json<Done>> {
    desk.store.delete_customer(&id(&path.id)?).await?;
    Ok(Json(Done { status: true }))
}

/// Lists a customer's addresses, oldest first, a thousand at most.
#[utoipa::path(get, path = "/customers/{id}/addresses", params(("id" = String, Path)), responses(
    (status = 200, body = Embedded<Addresses>, content_type = "application/hal+json"),
    (status = 500, description = "a malformed or an unknown id, too"),
))]
async fn addresses(
    State(desk): State<RestState>,
    Path(path): Path<One>,
) -> Result<Json<Embedded<Addresses>>, LegacyError> {
    let addresses = desk.store.addresses_of(&id(&path.id)?).await?.into_iter();
    let address = addresses
        .map(|address| desk.links.address(address))
        .collect();
    Ok(Json(Embedded {
        embedded: Addresses { address },
    }))
}

/// Lists a customer's cards, oldest first, a thousand at most.
#[utoipa::path(get, path = "/customers/{id}/cards", params(("id" = String, Path)), responses(
    (status = 200, body = Embedded<Cards>, content_type = "application/hal+json"),
    (status = 500, description = "a malformed or an unknown id, too"),
))]
async fn cards(
    State(desk): State<RestState>,
    Path(path): Path<One>,
) -> Result<Json<Embedded<Cards>>, LegacyError> {
    let cards = desk.store.cards_of(&id(&path.id)?).await?.into_iter();
    let card = cards.map(|card| desk.links.card(card)).collect();
    Ok(Json(Embedded {
        embedded: Cards { card },
    }))
}
