//! When something went wrong: what happened, what was kept, what to do.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chassis::error::Failure;
use chassis::rest::Json;
use chassis::{Error, Result};
use serde_json::json;

use super::layout::{Page, PageContext, next_query};
use super::{go, html};
use crate::security::{self, CrossSite};
use crate::{AppState, legacy_paths};

/// Said on pages that show what the catalogue said earlier.
pub(super) const STALE: &str =
    "The catalogue is resting, so prices and stock may be a few minutes old.";

/// Said on pages that have nothing to show instead.
pub(super) const AWAY: &str = "The catalogue is out of reach just now. Your basket and your orders are safe; try again in a moment.";

/// What to tell a visitor.
struct Problem {
    title: &'static str,
    text: String,
    detail: Option<String>,
    again: bool,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    problem: Problem,
}

/// `GET` of what is not there.
pub(super) async fn unknown() -> Error {
    Error::NotFound("page")
}

/// A page about a sock we do not have.
pub(super) async fn no_such_sock(shop: &AppState, visit: &PageContext) -> Result<Response> {
    let problem = Problem::new(
        "We do not have that sock",
        "It may have walked off. The others are still here.",
    );
    show(shop, visit, problem).await
}

async fn show(shop: &AppState, visit: &PageContext, problem: Problem) -> Result<Response> {
    let page = visit.page(shop, problem.title).await;
    html(&ProblemPage { page, problem })
}

/// Puts failures that come out of pages into words: a page, a way to sign in,
/// or JSON for a script of ours.
pub(super) async fn explain(
    State(shop): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let response = if asked.extensions.get::<CrossSite>().is_some() {
        security::refusal()
    } else {
        next.run(Request::from_parts(parts, body)).await
    };
    let Some(failure) = response.extensions().get::<Failure>().cloned() else {
        return response;
    };
    let wait = response.headers().get(RETRY_AFTER).cloned();
    let mut explained = explained(&shop, &mut asked, response, &failure.message).await;
    if let Some(wait) = wait {
        explained.headers_mut().insert(RETRY_AFTER, wait);
    }
    explained
}

async fn explained(
    shop: &AppState,
    asked: &mut Parts,
    response: Response,
    message: &str,
) -> Response {
    let status = response.status();
    if accepts(asked, "application/json") {
        let body = Json(json!({"message": sentence(message)}));
        return (status, body).into_response();
    }
    if status == StatusCode::NOT_FOUND && !accepts(asked, "text/html") {
        return legacy_paths::cannot(&asked.method, &asked.uri);
    }
    let Ok(visit) = PageContext::from_request_parts(asked, shop).await else {
        return (status, sentence(message)).into_response();
    };
    if status == StatusCode::UNAUTHORIZED {
        return to_sign_in(asked, &visit);
    }
    let problem = Problem::of(status, message, asked);
    match show(shop, &visit, problem).await {
        Ok(mut page) => {
            *page.status_mut() = status;
            page
        }
        Err(_) => response,
    }
}

fn to_sign_in(asked: &Parts, visit: &PageContext) -> Response {
    let next = match asked.method {
        Method::GET => &*visit.path,
        _ => "/account",
    };
    go(&format!("/sign-in{}", next_query(next)))
}

fn accepts(asked: &Parts, media_type: &str) -> bool {
    let accept = asked.headers.get(ACCEPT).map(HeaderValue::to_str);
    accept.is_some_and(|accept| accept.is_ok_and(|accept| accept.contains(media_type)))
}

impl Problem {
    fn new(title: &'static str, text: impl Into<String>) -> Self {
        Self {
            title,
            text: text.into(),
            detail: None,
            again: false,
        }
    }

    fn of(status: StatusCode, message: &str, asked: &Parts) -> Self {
        let problem = match status {
            StatusCode::NOT_FOUND => Self {
                detail: Some(format!("Cannot {} {}", asked.method, asked.uri.path())),
                ..Self::new(
                    "There is nothing here",
                    "Like the second sock after a wash, this page is not where it should be.",
                )
            },
            StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE => Self::new(
                "That did not work",
                format!("{} Nothing was changed.", sentence(message)),
            ),
            StatusCode::FORBIDDEN => Self::new(
                "That came from another site",
                "A page of another site sent this to the shop, so nothing was changed. If it was you, do it again from the shop's own pages.",
            ),
            StatusCode::TOO_MANY_REQUESTS => Self::new(
                "One at a time, please",
                "That was tried too often. Wait a minute, then try again.",
            ),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Self::new(
                "Part of the shop is out of reach",
                "Your basket and your orders are kept. Trying again in a moment usually helps.",
            ),
            _ => Self::new(
                "Something broke on our side",
                "We have made a note of it. Your basket and your orders are kept.",
            ),
        };
        Self {
            again: asked.method == Method::GET && status.is_server_error(),
            ..problem
        }
    }
}

/// A message of ours as a sentence: `no such page` is `No such page.`
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let text: String = first.chain(letters).collect();
    if text.ends_with(['.', '?']) {
        text
    } else {
        text + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("the cart is empty"), "The cart is empty.");
        assert_eq!(sentence("Payment declined."), "Payment declined.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn only_reading_again_can_be_offered() {
        let asked = |method: &str| {
            Request::builder()
                .method(method)
                .uri("/x")
                .body(())
                .unwrap()
                .into_parts()
                .0
        };
        let down = |method| Problem::of(StatusCode::SERVICE_UNAVAILABLE, "", &asked(method));
        assert!(down("GET").again && !down("POST").again);
        let lost = Problem::of(StatusCode::NOT_FOUND, "", &asked("GET"));
        assert_eq!(lost.detail.as_deref(), Some("Cannot GET /x"));
    }
}
