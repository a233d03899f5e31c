//! The users as HAL over HTTP, the way the first Sock Shop spoke it.

mod addresses;
mod basic;
mod cards;
mod customers;
mod request;
mod response;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis::openapi::{self, GoError};
use chassis::rest::{AnyCaseJson, Json};
use chassis::{Error, Result};
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Accounts, Source, Store};
use request::NewUser;
use response::{Created, Links, SignedIn};

/// What the handlers work with.
#[derive(Clone)]
struct RestState {
    store: Store,
    accounts: Accounts,
    links: Links,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "user",
    description = "Who buys: accounts, addresses and cards."
))]
struct Api;

/// The REST routes, with links that point to `link_domain`.
pub fn routes(store: Store, accounts: Accounts, link_domain: &str) -> Router {
    let desk = RestState {
        store,
        accounts,
        links: Links::to(link_domain),
    };
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(login))
        .routes(routes!(register))
        .merge(customers::routes())
        .merge(addresses::routes())
        .merge(cards::routes())
        .with_state(desk)
        .split_for_parts();
    let media_type = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    let document = openapi::document::<GoError>(&api).to_string();
    let document = async move || (media_type, document);
    router.route("/openapi.json", get(document))
}

/// Source of what arrives over REST. The original's front-end calls for everybody
/// and does not say for whom.
const SOURCE: Source = Source::UNKNOWN;

/// Checks a password.
#[utoipa::path(get, path = "/login", responses(
    (status = 200, body = SignedIn, content_type = "application/hal+json"),
    (status = 401, description = "no such user, wrong password, or no `Authorization: Basic`"),
    (status = 429, description = "too many failed sign-ins, or too many at once: `Retry-After` says when to try again"),
))]
async fn login(State(desk): State<RestState>, headers: HeaderMap) -> Result<Json<SignedIn>> {
    let (username, password) = basic::credentials(&headers).ok_or(Error::Unauthorized)?;
    let credentials = (&*username, &*password);
    let customer = desk.accounts.sign_in(credentials, SOURCE).await?;
    let user = desk.links.user(customer);
    Ok(Json(SignedIn { user }))
}

/// Opens an account.
#[utoipa::path(post, path = "/register", request_body = NewUser, responses(
    (status = 200, body = Created, content_type = "application/hal+json"),
    (status = 400, description = "no username or no password"),
    (status = 409, description = "the username is taken"),
    (status = 429, description = "too many at once: `Retry-After` says when to try again"),
))]
async fn register(
    State(desk): State<RestState>,
    AnyCaseJson(user): AnyCaseJson<NewUser>,
) -> Result<Json<Created>> {
    let customer = desk.accounts.register(user.into(), SOURCE).await?;
    Ok(Json(Created { id: customer.id }))
}

/// The id in a path; what else the path holds is ignored, as ever.
#[derive(Deserialize)]
struct One {
    id: String,
}

/// A failure of the customer look-ups: in the original's words and with its 500
/// for a bad or unknown id, because its front-end breaks on anything else.
struct LegacyError(Error);

impl From<Error> for LegacyError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for LegacyError {
    fn into_response(self) -> Response {
        let words = match self.0 {
            Error::Invalid(_) => "Invalid Id Hex",
            Error::NotFound(_) => "not found",
            error => return error.into_response(),
        };
        (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
    }
}
