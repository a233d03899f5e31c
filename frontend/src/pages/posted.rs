//! A form as a visitor sent it.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use chassis::{Error, Result};
use url::form_urlencoded;

use super::frame::Visit;
use crate::Shop;

/// Forms beyond this many bytes are refused.
const LIMIT: usize = 32 * 1024;

/// The fields of a form, whoever sent it: good for nothing but what a link
/// could do as well.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(HashMap<String, String>);

/// A form that one of our own pages gave to this very visitor.
#[derive(Debug)]
pub(super) struct Posted {
    /// Who sent it.
    pub visit: Visit,
    /// What they sent.
    pub form: Form,
}

impl Form {
    /// What is in the field called `name`, without the spaces around it.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
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
        let request =
            request.map(|body| axum::body::Body::new(http_body_util::Limited::new(body, LIMIT)));
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Error::invalid("the form is too large or was cut off"))?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

impl FromRequest<Shop> for Posted {
    type Rejection = Error;

    async fn from_request(request: Request, shop: &Shop) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, shop).await?;
        let form = Form::from_request(Request::from_parts(parts, body), shop).await?;
        visit.visitor.verify(shop, form.exact("csrf"))?;
        Ok(Self { visit, form })
    }
}
