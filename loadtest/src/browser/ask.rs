//! What a visitor asks for.

use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use hyper::{Method, StatusCode};
use serde_json::Value;
use url::form_urlencoded;

use super::Reply;

/// One request, and what is hoped for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What the recorder calls requests like this one.
    pub step: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
    also: &'static [StatusCode],
    makes_sense: fn(&Reply) -> bool,
}

impl Ask {
    /// Any request without a body.
    #[must_use]
    pub fn new(step: &'static str, method: Method, path: &str) -> Self {
        Self {
            step,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            also: &[],
            makes_sense: |_| true,
        }
    }

    /// A request for something to look at.
    #[must_use]
    pub fn get(step: &'static str, path: &str) -> Self {
        Self::new(step, Method::GET, path)
    }

    /// A form that is sent.
    #[must_use]
    pub fn form(step: &'static str, path: &str, fields: &[(&str, &str)]) -> Self {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        let kind = "application/x-www-form-urlencoded";
        let ask = Self::new(step, Method::POST, path).with(CONTENT_TYPE, kind);
        Self {
            body: body.into(),
            ..ask
        }
    }

    /// A document that is sent.
    #[must_use]
    pub fn json(step: &'static str, path: &str, document: &Value) -> Self {
        let ask = Self::new(step, Method::POST, path).with(CONTENT_TYPE, "application/json");
        Self {
            body: document.to_string().into(),
            ..ask
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same in the name of `username`.
    #[must_use]
    pub fn as_user(self, username: &str, password: &str) -> Self {
        use base64::Engine;
        let engine = base64::engine::general_purpose::STANDARD;
        let token = engine.encode(format!("{username}:{password}"));
        self.with(AUTHORIZATION, &format!("Basic {token}"))
    }

    /// The same, and these answers are no failures either.
    #[must_use]
    pub fn or(mut self, also: &'static [StatusCode]) -> Self {
        self.also = also;
        self
    }

    /// The same, and an answer must also make sense.
    #[must_use]
    pub fn that(mut self, makes_sense: fn(&Reply) -> bool) -> Self {
        self.makes_sense = makes_sense;
        self
    }

    /// Whether `reply` is no failure.
    #[must_use]
    pub fn hopes_for(&self, reply: &Reply) -> bool {
        let welcome = reply.status.as_u16() < 400 && (self.makes_sense)(reply);
        welcome || self.also.contains(&reply.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded() {
        let ask = Ask::form(
            "buy",
            "/checkout",
            &[("street", "Mill Lane & Co"), ("n", "1")],
        );
        assert_eq!(ask.body, "street=Mill+Lane+%26+Co&n=1");
    }

    #[test]
    fn a_refusal_can_be_hoped_for() {
        let ask = Ask::get("x", "/").or(&[StatusCode::NOT_ACCEPTABLE]);
        let hopes = |status| ask.hopes_for(&reply(status));
        assert!(hopes(StatusCode::SEE_OTHER) && hopes(StatusCode::NOT_ACCEPTABLE));
        assert!(!hopes(StatusCode::NOT_FOUND));
    }

    #[test]
    fn an_answer_must_make_sense() {
        let ask = Ask::get("x", "/").that(|reply| !reply.body.is_empty());
        assert!(!ask.hopes_for(&reply(StatusCode::OK)));
    }

    fn reply(status: StatusCode) -> Reply {
        Reply {
            status,
            headers: hyper::HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}
