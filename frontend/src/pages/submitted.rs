//! A form as a visitor sent it.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use chassis::{Error, Result};
use url::form_urlencoded;

use super::layout::PageContext;
use super::resend;
use crate::AppState;

/// Maximum size of a form in bytes.
const MAX_FORM_BYTES: usize = 32 * 1024;

/// The fields of a form, whoever sent it: good for nothing but what a link
/// could do as well.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(HashMap<String, String>);

/// A form that one of our own pages gave to this very visitor.
#[derive(Debug)]
pub(super) struct Submitted {
    /// Context of the request.
    pub visit: PageContext,
    /// Fields of the form.
    pub form: Form,
}

impl Form {
    /// What is in the field called `name`, without the spaces around it.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// All fields but the token, in the order of their names.
    pub(super) fn fields(&self) -> Vec<(&str, &str)> {
        let fields = self.0.iter().filter(|(name, _)| *name != "csrf");
        let mut fields: Vec<_> = fields.map(|(name, value)| (&**name, &**value)).collect();
        fields.sort_unstable();
        fields
    }

    /// What is in the field called `name`, to the letter.
    pub(super) fn exact(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Form {
    fn from(fields: [(&str, &str); N]) -> Self {
        let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(HashMap::from(owned))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let request = request
            .map(|body| axum::body::Body::new(http_body_util::Limited::new(body, MAX_FORM_BYTES)));
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Error::invalid("the form is too large or was cut off"))?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

impl FromRequest<AppState> for Submitted {
    type Rejection = Response;

    /// A form that was given to another session, and one of a customer who is not
    /// signed in any more, is shown again instead ([`resend`]).
    async fn from_request(request: Request, shop: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = PageContext::from_request_parts(&mut parts, shop).await;
        let visit = visit.map_err(IntoResponse::into_response)?;
        let wants_json = wants_json(&parts.headers);
        let form = Form::from_request(Request::from_parts(parts, body), shop).await;
        let posted = Self {
            visit,
            form: form.map_err(IntoResponse::into_response)?,
        };
        let is_known = posted
            .visit
            .visitor
            .verify(shop, posted.form.exact("csrf"))
            .is_ok();
        let is_complete = posted.visit.visitor.customer.is_some() || !posted.is_for_customers();
        match (is_known && is_complete, wants_json) {
            (true, _) => Ok(posted),
            (false, true) => Err(resend::token(&posted.visit)),
            (false, false) => Err(resend::page(shop, &posted).await),
        }
    }
}

impl Submitted {
    /// Whether only customers who have signed in can send this form.
    pub(super) fn is_for_customers(&self) -> bool {
        let path = &self.visit.path;
        path.starts_with("/account") || path.starts_with("/checkout")
    }
}

/// Whether a script of ours sent the form.
fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .is_some_and(|accept| accept == "application/json")
}
