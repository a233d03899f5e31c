//! Coming in, and going out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::{Error, Result};
use proto::user::SignInRequest;
use serde::Deserialize;

use super::fields;
use super::form::Form;
use super::frame::{Page, Visit, next_query};
use super::posted::Posted;
use super::{go, html_with, words};
use crate::Shop;
use crate::visitor::Kind;

/// Where to go once inside.
#[derive(Deserialize)]
pub(super) struct Onwards {
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

/// `GET /sign-in`
pub(super) async fn ask(
    State(shop): State<Shop>,
    Query(onwards): Query<Onwards>,
    visit: Visit,
) -> Result<Response> {
    if visit.visitor.customer.is_some() {
        return Ok(go(words::safe_next(&onwards.next)));
    }
    let form = Form::new([fields::sign_in()]);
    ask_again(&shop, &visit, form, &onwards.next, StatusCode::OK).await
}

async fn ask_again(
    shop: &Shop,
    visit: &Visit,
    form: Form,
    next: &str,
    status: StatusCode,
) -> Result<Response> {
    let page = SignIn {
        page: visit.page(shop, "Sign in").await,
        form: form.shown(),
        next: words::safe_next(next).to_owned(),
        next_query: next_query(next),
    };
    html_with(status, &page)
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(shop): State<Shop>,
    Posted { visit, form: sent }: Posted,
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
    let answer = shop.users.clone().sign_in(request).await;
    let (status, headline) = match answer.map_err(Error::from) {
        Ok(customer) => {
            let customer = customer.into_inner();
            visit.visitor.sign_in(&shop, &customer).await?;
            return Ok(go(words::safe_next(next)));
        }
        Err(Error::Unauthorized | Error::Invalid(_)) => (
            StatusCode::UNAUTHORIZED,
            "That username and password do not go together.",
        ),
        Err(Error::Exhausted(_)) => (
            StatusCode::TOO_MANY_REQUESTS,
            "That was tried too often. Wait a minute, then try again.",
        ),
        Err(Error::Unavailable(_) | Error::Timeout) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody can sign in just now. Your basket is kept; try again in a moment.",
        ),
        Err(error) => return Err(error),
    };
    form.fail(headline);
    ask_again(&shop, &visit, form, next, status).await
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(shop): State<Shop>,
    Posted { visit, .. }: Posted,
) -> Result<Response> {
    visit.visitor.sign_out().await?;
    visit
        .visitor
        .flash(&shop, Kind::Done, "You are signed out. Mind how you go.");
    Ok(go("/").into_response())
}
