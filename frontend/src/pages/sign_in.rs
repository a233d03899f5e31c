//! Coming in, and going out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::{Error, Result};
use proto::user::SignInRequest;
use serde::Deserialize;

use super::fields;
use super::form::Form;
use super::layout::{Page, PageContext, next_query};
use super::submitted::Submitted;
use super::{format, go, html_with};
use crate::AppState;
use crate::visitor::Kind;

/// Longest wait, in seconds, that is called a moment.
const SOON_SECONDS: u64 = 5;

/// Where to go once inside.
#[derive(Deserialize)]
pub(super) struct NextQuery {
    #[serde(default)]
    pub(super) next: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    form: Form,
    next: String,
    next_query: String,
}

/// `GET /sign-in`: the sign-in form.
pub(super) async fn ask(
    State(shop): State<AppState>,
    Query(onwards): Query<NextQuery>,
    visit: PageContext,
) -> Result<Response> {
    if visit.visitor.customer.is_some() {
        return Ok(go(format::safe_next(&onwards.next)));
    }
    let form = Form::new([fields::sign_in()]);
    ask_again(&shop, &visit, form, &onwards.next, StatusCode::OK).await
}

async fn ask_again(
    shop: &AppState,
    visit: &PageContext,
    form: Form,
    next: &str,
    status: StatusCode,
) -> Result<Response> {
    let page = SignIn {
        page: visit.page(shop, "Sign in").await,
        form: form.shown(),
        next: format::safe_next(next).to_owned(),
        next_query: next_query(next),
    };
    html_with(status, &page)
}

/// `POST /sign-in`: checks the password and starts a session.
pub(super) async fn sign_in(
    State(shop): State<AppState>,
    Submitted { visit, form: sent }: Submitted,
) -> Result<Response> {
    let next = sent.value("next");
    let mut form = Form::new([fields::sign_in()]);
    if !form.check("sign-in", &sent) {
        return ask_again(&shop, &visit, form, next, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let request = SignInRequest {
        username: form.value("username"),
        password: form.value("password"),
    };
    let request = visit.visitor.request(request);
    let answer = shop.users.clone().sign_in(request).await;
    let (status, headline) = match answer.map_err(Error::from) {
        Ok(customer) => {
            let customer = customer.into_inner();
            visit.visitor.sign_in(&shop, &customer).await?;
            return Ok(go(format::safe_next(next)));
        }
        Err(Error::Unauthorized | Error::Invalid(_)) => (
            StatusCode::UNAUTHORIZED,
            "That username and password do not go together.",
        ),
        Err(error @ Error::Exhausted { .. }) => {
            form.fail(slow_down(&error, "That was tried too often."));
            let page = ask_again(&shop, &visit, form, next, StatusCode::TOO_MANY_REQUESTS);
            return Ok(retry_later(&error, page.await?));
        }
        Err(Error::Unavailable(_) | Error::Timeout) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody can sign in just now. Your basket is kept; try again in a moment.",
        ),
        Err(error) => return Err(error),
    };
    form.fail(headline);
    ask_again(&shop, &visit, form, next, status).await
}

/// What to tell whoever reached a limit: to wait a moment when too many came at
/// once, and that `reason` holds when it takes longer.
pub(super) fn slow_down(error: &Error, reason: &str) -> String {
    match error.retry_after_seconds() {
        Some(seconds) if seconds > SOON_SECONDS => {
            format!("{reason} Wait a minute, then try again.")
        }
        _ => "The shop is busy with sign-ins just now. Try again in a moment.".to_owned(),
    }
}

/// Adds how long to wait to a page about `error`.
pub(super) fn retry_later(error: &Error, mut page: Response) -> Response {
    if let Some(seconds) = error.retry_after_seconds() {
        let seconds = HeaderValue::from(seconds);
        page.headers_mut().insert(RETRY_AFTER, seconds);
    }
    page
}

/// `POST /sign-out`: ends the session.
pub(super) async fn sign_out(
    State(shop): State<AppState>,
    Submitted { visit, .. }: Submitted,
) -> Result<Response> {
    visit.visitor.sign_out(&shop).await?;
    visit
        .visitor
        .flash(&shop, Kind::Done, "You are signed out. Mind how you go.");
    Ok(go("/").into_response())
}
