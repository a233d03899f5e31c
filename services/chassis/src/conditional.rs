//! Conditional and range requests (RFC 9110, 13 and 14), for representations
//! that are in memory.
//!
//! The one place for the rule: whoever has a [`Representation`] with an `ETag`
//! or a `Last-Modified` lets it answer. Of a range, one part of the bytes is
//! served; several at once, other units, and what makes no sense get the whole,
//! as a server may do. `HEAD` is answered as `GET`, whose body the router drops.

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, ETAG, EXPIRES,
    IF_RANGE, LAST_MODIFIED, RANGE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headers::{HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince};
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};

use crate::rest::bare;

/// Headers of a 200 that a 304 repeats (RFC 9110, 15.4.5).
const OF_NOT_MODIFIED: [HeaderName; 6] = [
    CACHE_CONTROL,
    CONTENT_LOCATION,
    ETAG,
    EXPIRES,
    LAST_MODIFIED,
    VARY,
];

/// Bytes that a URL stands for, and the headers that describe them.
#[derive(Clone, Debug)]
pub struct Representation {
    /// `Content-Type`, `ETag`, `Last-Modified`, `Cache-Control` and so on.
    pub headers: HeaderMap,
    /// The whole of it.
    pub bytes: Bytes,
}

/// What a `Range` header comes to.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(u64, u64),
    Unsatisfiable,
}

impl Representation {
    /// Answers a `GET` or `HEAD` with these headers.
    #[must_use]
    pub fn respond(self, asked: &HeaderMap) -> Response {
        if self.has_changed(asked) {
            return self.without_body(StatusCode::PRECONDITION_FAILED);
        }
        if self.is_known(asked) {
            return self.without_body(StatusCode::NOT_MODIFIED);
        }
        match self.part(asked) {
            Part::Whole => self.whole(),
            Part::Bytes(first, last) => self.bytes(first, last),
            Part::Unsatisfiable => self.unsatisfiable(),
        }
    }

    /// `If-Match`, and without it `If-Unmodified-Since`.
    fn has_changed(&self, asked: &HeaderMap) -> bool {
        if let Some(condition) = asked.typed_get::<IfMatch>() {
            let tag = self.headers.typed_get::<headers::ETag>();
            return !tag.is_some_and(|tag| condition.precondition_passes(&tag));
        }
        let modified = self.headers.typed_get::<headers::LastModified>();
        let since = asked.typed_get::<IfUnmodifiedSince>();
        since
            .zip(modified)
            .is_some_and(|(since, modified)| !since.precondition_passes(modified.into()))
    }

    /// `If-None-Match`, and without it `If-Modified-Since`.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        if let Some(condition) = asked.typed_get::<IfNoneMatch>() {
            if condition == IfNoneMatch::any() {
                return true;
            }
            let tag = self.headers.typed_get::<headers::ETag>();
            return tag.is_some_and(|tag| !condition.precondition_passes(&tag));
        }
        if asked.contains_key(axum::http::header::IF_NONE_MATCH) {
            return false; // it cannot be read, and outranks the date all the same
        }
        let modified = self.headers.typed_get::<headers::LastModified>();
        let since = asked.typed_get::<IfModifiedSince>();
        since
            .zip(modified)
            .is_some_and(|(since, modified)| !since.is_modified(modified.into()))
    }

    fn part(&self, asked: &HeaderMap) -> Part {
        let mut ranges = asked.get_all(RANGE).into_iter();
        let (Some(range), None) = (ranges.next(), ranges.next()) else {
            return Part::Whole;
        };
        match range.to_str() {
            Ok(range) if self.is_current(asked) => part(range, self.bytes.len() as u64),
            _ => Part::Whole,
        }
    }

    /// `If-Range`: the same strong tag, or the very same date.
    fn is_current(&self, asked: &HeaderMap) -> bool {
        let Some(condition) = asked.get(IF_RANGE) else {
            return true;
        };
        let is = |name: &HeaderName| self.headers.get(name) == Some(condition);
        let is_weak = condition.as_bytes().starts_with(b"W/");
        (is(&ETAG) && !is_weak) || is(&LAST_MODIFIED)
    }

    fn whole(mut self) -> Response {
        let headers = &mut self.headers;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(self.bytes.len()));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        (self.headers, Body::from(self.bytes)).into_response()
    }

    fn bytes(mut self, first: u64, last: u64) -> Response {
        let place = format!("bytes {first}-{last}/{}", self.bytes.len());
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.bytes = self.bytes.slice(index(first)..=index(last));
        let mut response = self.whole();
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        set(&mut response, CONTENT_RANGE, &place);
        response
    }

    fn unsatisfiable(&self) -> Response {
        let mut response = bare(StatusCode::RANGE_NOT_SATISFIABLE);
        let place = format!("bytes */{}", self.bytes.len());
        set(&mut response, CONTENT_RANGE, &place);
        set(&mut response, ACCEPT_RANGES, "bytes");
        response
    }

    fn without_body(mut self, status: StatusCode) -> Response {
        let mut response = bare(status);
        for name in OF_NOT_MODIFIED {
            if let Some(value) = self.headers.remove(&name) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The part that `range` names of `length` bytes. A last position before the
/// first makes a range invalid, and it is ignored (RFC 9110, 14.1.1).
fn part(range: &str, length: u64) -> Part {
    let ranges = match parse_range_header(&range.trim().to_ascii_lowercase()) {
        Ok(ranges) => ranges.ranges,
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Part::Unsatisfiable,
        Err(_) => return Part::Whole,
    };
    let [range] = &ranges[..] else {
        return Part::Whole;
    };
    let end = length.saturating_sub(1);
    let (first, last) = match (range.start, range.end) {
        (StartPosition::Index(first), EndPosition::Index(last)) if last < first => {
            return Part::Whole;
        }
        (StartPosition::Index(first), EndPosition::Index(last)) => (first, last.min(end)),
        (StartPosition::Index(first), EndPosition::LastByte) => (first, end),
        (StartPosition::FromLast(count), _) => (length.saturating_sub(count), end),
    };
    if first >= length {
        Part::Unsatisfiable
    } else {
        Part::Bytes(first, last)
    }
}

#[cfg(test)]
mod tests;
