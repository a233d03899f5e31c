//! A form that came too late, shown again: filled in, and with a fresh token.
//!
//! Signing in or out in another tab gives a browser another session, and a session
//! ends when it was not used for long. Forms opened before that cannot be taken
//! as they are, but nothing that was typed into them is lost. Passwords and card
//! numbers are not sent back to the page and have to be typed again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::rest::Json;
use serde_json::json;

use super::field::Field;
use super::form::Form;
use super::layout::{Page, PageContext};
use super::submitted::Submitted;
use super::{fields, html_with};
use crate::AppState;

/// Why a form is shown again.
const STALE: &str = "This form was opened before you signed in or out, or a long time ago. Nothing was changed. Have a look at it, and send it again.";
const SIGNED_OUT: &str =
    "You are signed out. Nothing was changed. Sign in first, and then send this form again.";

#[derive(Template)]
#[template(path = "resend.html")]
struct Resend {
    page: Page,
    action: String,
    reason: &'static str,
    signed_out: bool,
    form: Form,
    hidden: Vec<(String, String)>,
    has_secrets: bool,
}

/// The form again, as a page.
pub(super) async fn page(shop: &AppState, posted: &Submitted) -> Response {
    let visit = &posted.visit;
    let action = visit.path.clone();
    let form = filled(posted);
    let is_shown = |name: &str| form.fields.iter().any(|field| field.name == name);
    let sent = posted.form.fields().into_iter();
    let hidden = sent.filter(|(name, _)| !is_shown(name));
    let hidden = hidden.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signed_out = posted.is_for_customers() && visit.visitor.customer.is_none();
    let mut page = visit.page(shop, "Please send that again").await;
    origin(&action).clone_into(&mut page.path);
    let page = Resend {
        page,
        reason: if signed_out { SIGNED_OUT } else { STALE },
        signed_out,
        hidden: hidden.collect(),
        has_secrets: form.fields.iter().any(Field::is_secret),
        form: form.shown(),
        action,
    };
    html_with(StatusCode::BAD_REQUEST, &page).unwrap_or_else(IntoResponse::into_response)
}

/// A fresh token, for a script of ours to send the form again with.
pub(super) fn token(visit: &PageContext) -> Response {
    let message = "The form has expired: reload the page and try again.";
    let body = json!({"message": message, "csrf": visit.visitor.csrf});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// What was typed, in the fields that the form had.
fn filled(posted: &Submitted) -> Form {
    let path = &posted.visit.path;
    let mut form = match &**path {
        "/sign-up" => Form::new([fields::register()]),
        "/sign-in" => Form::new([fields::sign_in()]),
        path if path.starts_with("/checkout") || path.starts_with("/account") => {
            Form::new([fields::profile(), fields::address(), fields::card()])
        }
        _ => Form::default(),
    };
    form.fields
        .retain(|field| !posted.form.exact(field.name).is_empty());
    for field in &mut form.fields {
        posted.form.exact(field.name).clone_into(&mut field.value);
    }
    form
}

/// The page that the form at `action` stands on.
fn origin(action: &str) -> &str {
    let pages = [
        ("/account", "/account"),
        ("/checkout", "/checkout"),
        ("/basket", "/basket"),
        ("/sign-in", "/sign-in"),
        ("/sign-up", "/register"),
    ];
    let page = pages.iter().find(|(start, _)| action.starts_with(start));
    page.map_or("/", |(_, page)| page)
}
