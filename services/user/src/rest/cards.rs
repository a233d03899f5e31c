//! REST handlers below `/cards`.

use axum::extract::{Path, State};
use axum::routing::get;
use chassis::rest::{AnyCaseJson, Json};
use chassis::{Result, ids};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::request::PostCard;
use super::response::{Card, Cards, Created, Done, Embedded};
use super::{One, RestState};
use crate::card::CardPolicy;
use crate::validate::{id, optional_id};

pub(super) fn routes() -> OpenApiRouter<RestState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, remove))
        .route("/cards/", get(list))
        .route("/cards/{id}/", get(one).delete(remove))
        .route("/cards/{id}/{*more}", get(one).delete(remove))
}

/// Lists everybody's cards, oldest first, a thousand at most.
#[utoipa::path(get, path = "/cards", responses(
    (status = 200, body = Embedded<Cards>, content_type = "application/hal+json"),
))]
async fn list(State(desk): State<RestState>) -> Result<Json<Embedded<Cards>>> {
    let cards = desk.store.cards().await?.into_iter();
    let card = cards.map(|card| desk.links.card(card)).collect();
    Ok(Json(Embedded {
        embedded: Cards { card },
    }))
}

/// Adds a card, for the customer `userID` or for nobody.
#[utoipa::path(post, path = "/cards", request_body = PostCard, responses(
    (status = 200, body = Created, content_type = "application/hal+json"),
    (status = 400, description = "not the number, expiry or code of a card"),
    (status = 404, description = "no such customer"),
))]
async fn create(
    State(desk): State<RestState>,
    AnyCaseJson(posted): AnyCaseJson<PostCard>,
) -> Result<Json<Created>> {
    let (card, owner) = posted.split();
    let owner = optional_id(&owner)?;
    let new = card.masked(ids::new_id(), CardPolicy::original())?;
    desk.store.create_card(&new, owner.as_deref()).await?;
    Ok(Json(Created { id: new.card.id }))
}

/// Returns a card.
#[utoipa::path(get, path = "/cards/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = Card, content_type = "application/hal+json"),
    (status = 400, description = "a malformed id"),
    (status = 404, description = "no such card"),
))]
async fn one(State(desk): State<RestState>, Path(path): Path<One>) -> Result<Json<Card>> {
    let card = desk.store.card(&id(&path.id)?, None).await?;
    Ok(Json(desk.links.card(card)))
}

/// Removes a card.
#[utoipa::path(delete, path = "/cards/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = Done, content_type = "application/hal+json"),
    (status = 400, description = "a malformed id"),
    (status = 404, description = "no such card"),
))]
async fn remove(State(desk): State<RestState>, Path(path): Path<One>) -> Result<Json<Done>> {
    desk.store.delete_card(&id(&path.id)?, None).await?;
    Ok(Json(Done { status: true }))
}
