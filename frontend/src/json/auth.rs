//! Signing in and out, and opening an account.

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::rest::Json;
use chassis::{Error, Result};
use proto::user as pb;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dto::Created;
use super::extract::Fields;
use super::failure;
use crate::{AppState, Visitor};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(old_sign_in, sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(register))
}

/// What a successful sign-in always said.
const WELCOME: Html<&str> = Html("Cookie is set");

/// Signs in with HTTP Basic. Whatever goes wrong is 401 without a body.
#[utoipa::path(get, path = "/login", responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 401, description = "No body: whatever went wrong"),
))]
async fn old_sign_in(
    State(shop): State<AppState>,
    visitor: Result<Visitor>,
    headers: HeaderMap,
) -> Response {
    let welcome = async {
        let credentials = basic(&headers).ok_or(Error::Unauthorized)?;
        enter(&shop, &visitor?, credentials).await
    };
    match welcome.await {
        Ok(_) => WELCOME.into_response(),
        Err(error) => {
            if !matches!(error, Error::Unauthorized) {
                tracing::warn!(%error, "sign-in failed");
            }
            let mut refused = StatusCode::UNAUTHORIZED.into_response();
            if let Some(seconds) = error.retry_after_seconds() {
                let seconds = HeaderValue::from(seconds);
                refused.headers_mut().insert(RETRY_AFTER, seconds);
            }
            refused
        }
    }
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Credentials {
    username: String,
    password: String,
}

/// Signs in without putting a password where servers log it.
#[utoipa::path(post, path = "/login", request_body = Credentials,
    responses((status = 200, body = String, content_type = "text/html"),
        (status = 400, description = "the body is not such an object"),
        (status = 401, description = "no such user, or a wrong password"),
        (status = 429, description = "too many failed sign-ins, or too many at once: `Retry-After` says when to try again")))]
async fn sign_in(
    State(shop): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    Fields(credentials): Fields<Credentials>,
) -> Result<Response> {
    let credentials = basic(&headers).unwrap_or(credentials);
    match enter(&shop, &visitor, credentials).await {
        Ok(_) => Ok(WELCOME.into_response()),
        Err(Error::Unauthorized | Error::Invalid(_)) => {
            let message = "The username or password is wrong.";
            Ok(failure(StatusCode::UNAUTHORIZED, message))
        }
        Err(error) => Err(error),
    }
}

async fn enter(
    shop: &AppState,
    visitor: &Visitor,
    credentials: Credentials,
) -> Result<pb::Customer> {
    let request = pb::SignInRequest {
        username: credentials.username,
        password: credentials.password,
    };
    let request = visitor.request(request);
    let customer = shop.users.clone().sign_in(request).await?.into_inner();
    visitor.sign_in(shop, &customer).await?;
    Ok(customer)
}

/// Signs out.
#[utoipa::path(post, path = "/logout", responses((status = 204, description = "signed out")))]
async fn sign_out(State(shop): State<AppState>, visitor: Visitor) -> Result<StatusCode> {
    visitor.sign_out(&shop).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct Registration {
    username: String,
    password: String,
    email: String,
    first_name: String,
    last_name: String,
}

/// Opens an account and signs in.
#[utoipa::path(post, path = "/register", request_body = Registration,
    responses((status = 200, body = Created), (status = 400), (status = 409), (status = 429)))]
async fn register(
    State(shop): State<AppState>,
    visitor: Visitor,
    Fields(account): Fields<Registration>,
) -> Result<Json<Created>> {
    let request = pb::RegisterRequest {
        username: account.username,
        password: account.password,
        email: account.email,
        first_name: account.first_name,
        last_name: account.last_name,
    };
    let request = visitor.request(request);
    let registered = shop.users.clone().register(request).await;
    let customer = registered.map_err(|status| match status.into() {
        Error::Exists(_) => Error::Exists("username"),
        error => error,
    })?;
    let customer = customer.into_inner();
    visitor.sign_in(&shop, &customer).await?;
    Ok(Json(Created { id: customer.id }))
}

/// Reads `Authorization: Basic ..`.
fn basic(headers: &HeaderMap) -> Option<Credentials> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some(Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_a_colon() {
        let header = format!("Basic {}", STANDARD.encode("user:pass:word"));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
        let read = basic(&headers).unwrap();
        assert_eq!((&*read.username, &*read.password), ("user", "pass:word"));
    }

    #[test]
    fn other_schemes_and_broken_tokens_are_no_credentials() {
        for bad in ["Bearer dXNlcjpw", "Basic %%%", "Basic", "Basic dXNlcg=="] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, bad.parse().unwrap())]);
            assert!(basic(&headers).is_none(), "{bad}");
        }
    }
}
