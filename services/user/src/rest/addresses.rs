//! REST handlers below `/addresses`.

use axum::extract::{Path, State};
use axum::routing::get;
use chassis::Result;
use chassis::rest::{AnyCaseJson, Json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::request::PostAddress;
use super::response::{Address, Addresses, Created, Done, Embedded};
use super::{One, RestState};
use crate::validate::{id, optional_id};

pub(super) fn routes() -> OpenApiRouter<RestState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, remove))
        .route("/addresses/", get(list))
        .route("/addresses/{id}/", get(one).delete(remove))
        .route("/addresses/{id}/{*more}", get(one).delete(remove))
}

/// Lists everybody's addresses, oldest first, a thousand at most.
#[utoipa::path(get, path = "/addresses", responses(
    (status = 200, body = Embedded<Addresses>, content_type = "application/hal+json"),
))]
async fn list(State(desk): State<RestState>) -> Result<Json<Embedded<Addresses>>> {
    let addresses = desk.store.addresses().await?.into_iter();
    let address = addresses
        .map(|address| desk.links.address(address))
        .collect();
    Ok(Json(Embedded {
        embedded: Addresses { address },
    }))
}

/// Adds an address, for the customer `userID` or for nobody.
#[utoipa::path(post, path = "/addresses", request_body = PostAddress, responses(
    (status = 200, body = Created, content_type = "application/hal+json"),
    (status = 400, description = "a field that is too long, or no text"),
    (status = 404, description = "no such customer"),
))]
async fn create(
    State(desk): State<RestState>,
    AnyCaseJson(posted): AnyCaseJson<PostAddress>,
) -> Result<Json<Created>> {
    let (address, owner) = posted.split();
    let owner = optional_id(&owner)?;
    let address = address.checked()?;
    desk.store
        .create_address(&address, owner.as_deref())
        .await?;
    Ok(Json(Created { id: address.id }))
}

/// Returns an address.
#[utoipa::path(get, path = "/addresses/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = Address, content_type = "application/hal+json"),
    (status = 400, description = "a malformed id"),
    (status = 404, description = "no such address"),
))]
async fn one(State(desk): State<RestState>, Path(path): Path<One>) -> Result<Json<Address>> {
    let address = desk.store.address(&id(&path.id)?, None).await?;
    Ok(Json(desk.links.address(address)))
}

/// Removes an address.
#[utoipa::path(delete, path = "/addresses/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = Done, content_type = "application/hal+json"),
    (status = 400, description = "a malformed id"),
    (status = 404, description = "no such address"),
))]
async fn remove(State(desk): State<RestState>, Path(path): Path<One>) -> Result<Json<Done>> {
    desk.store.delete_address(&id(&path.id)?, None).await?;
    Ok(Json(Done { status: true }))
}
