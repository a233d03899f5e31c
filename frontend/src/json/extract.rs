//! Bodies the way the original's server read them: JSON when they say so, and
//! otherwise nothing.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use chassis::{Error, Result};
use serde::de::DeserializeOwned;

/// The fields of a JSON body; none when it is not labelled as JSON or empty.
pub(super) struct Fields<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| Error::invalid("the body is too large or was cut off"))?;
        let text: &[u8] = if is_json && !bytes.is_empty() {
            &bytes
        } else {
            b"{}"
        };
        // The message must not repeat the body: it may hold a card.
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Error::invalid(if error.is_data() {
                "a field of the body has the wrong type"
            } else {
                "the body is not JSON"
            })
        })
    }
}

fn is_json(request: &Request) -> bool {
    let media_type = request.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|media_type| media_type.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use serde_json::{Value, json};

    async fn read(media_type: &str, body: &'static str) -> Option<Value> {
        let request = Request::post("/").header(CONTENT_TYPE, media_type);
        let request = request.body(Body::from(body)).unwrap();
        let fields = Fields::<Value>::from_request(request, &()).await;
        fields.ok().map(|Fields(value)| value)
    }

    #[tokio::test]
    async fn only_json_is_read() {
        let json = "application/json; charset=utf-8";
        assert_eq!(read(json, r#"{"id":"1"}"#).await, Some(json!({"id": "1"})));
        assert_eq!(read("text/plain", r#"{"id":"1"}"#).await, Some(json!({})));
        assert_eq!(read(json, "").await, Some(json!({})));
        assert_eq!(read(json, "{").await, None);
    }
}
