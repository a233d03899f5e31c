//! Registration: the form and its submission.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use chassis::{Error, Result};
use proto::user::RegisterRequest;

use super::error_page::sentence;
use super::fields;
use super::form::Form;
use super::layout::{Page, PageContext, next_query};
use super::sign_in::{NextQuery, retry_later, slow_down};
use super::submitted::{self, Submitted};
use super::{format, go, html_with};
use crate::AppState;
use crate::visitor::Kind;

#[derive(Template)]
#[template(path = "register.html")]
struct Register {
    page: Page,
    form: Form,
    next: String,
    next_query: String,
}

/// `GET /register`: the registration form.
pub(super) async fn invite(
    State(shop): State<AppState>,
    Query(onwards): Query<NextQuery>,
    visit: PageContext,
) -> Result<Response> {
    let form = Form::new([fields::register()]);
    invite_again(&shop, &visit, form, &onwards.next, StatusCode::OK).await
}

async fn invite_again(
    shop: &AppState,
    visit: &PageContext,
    form: Form,
    next: &str,
    status: StatusCode,
) -> Result<Response> {
    let page = Register {
        page: visit.page(shop, "Open an account").await,
        form: form.shown(),
        next: format::safe_next(next).to_owned(),
        next_query: next_query(next),
    };
    html_with(status, &page)
}

/// `POST /sign-up`: creates an account and signs in.
pub(super) async fn register(
    State(shop): State<AppState>,
    Submitted { visit, form: sent }: Submitted,
) -> Result<Response> {
    let next = sent.value("next");
    let mut form = Form::new([fields::register()]);
    if !form.check("profile", &sent) {
        return invite_again(&shop, &visit, form, next, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let request = visit.visitor.request(registration(&form, &sent));
    let answer = shop.users.clone().register(request).await;
    let status = match answer.map_err(Error::from) {
        Ok(customer) => {
            let customer = customer.into_inner();
            visit.visitor.sign_in(&shop, &customer).await?;
            let text = format!("Welcome, {}.", customer.username);
            visit.visitor.flash(&shop, Kind::Done, text);
            return Ok(go(format::safe_next(next)));
        }
        Err(Error::Exists(_)) => {
            form.reject("username", "Username is taken: choose another");
            StatusCode::CONFLICT
        }
        Err(Error::Invalid(message)) => {
            form.fail(sentence(&message));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(error @ Error::Exhausted { .. }) => {
            form.fail(slow_down(&error, "That was tried too often."));
            let page = invite_again(&shop, &visit, form, next, StatusCode::TOO_MANY_REQUESTS);
            return Ok(retry_later(&error, page.await?));
        }
        Err(Error::Unavailable(_) | Error::Timeout) => {
            form.fail("No account can be opened just now. What you typed is kept, save the password; try again in a moment.");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(error) => return Err(error),
    };
    invite_again(&shop, &visit, form, next, status).await
}

fn registration(form: &Form, sent: &submitted::Form) -> RegisterRequest {
    RegisterRequest {
        username: form.value("username"),
        password: sent.exact("password").to_owned(),
        email: form.value("email"),
        first_name: form.value("first_name"),
        last_name: form.value("last_name"),
    }
}
