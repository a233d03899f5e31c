//! What every request to a process passes on its way in, and its answer on the
//! way out.
//!
//! It is one layer on purpose. For each layer that is a function, axum clones
//! and boxes all that lies below it, for each request: seven of them cost more
//! than what they did.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, SERVER};
use axum::http::{HeaderValue, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::Shutdown;
use crate::metrics::{Observer, Seen};
use crate::rest::Style;
use crate::telemetry::Traced;

/// The way in and out of one process.
pub(crate) struct RequestLayer {
    /// How errors are worded; as they come, without one.
    pub(crate) style: Option<Style>,
    /// Who counts and times requests.
    pub(crate) observer: Observer,
    /// Said in every answer: `Server: catalogue/v2 (catalogue-1)`.
    pub(crate) name: Option<HeaderValue>,
    /// Whether the process is about to end.
    pub(crate) shutdown: Shutdown,
}

impl RequestLayer {
    /// Puts this in front of `app`.
    pub(crate) fn layer(self, app: Router) -> Router {
        app.layer(from_fn_with_state(Arc::new(self), pass))
    }

    async fn answer(&self, request: Request, next: Next) -> Response {
        match self.style {
            Some(style) => style.speak(request, next).await,
            None => next.run(request).await,
        }
    }

    /// While draining, ends every HTTP/1 connection with the answer: its caller
    /// then finds another instance, and no request meets a connection that is
    /// just being closed. HTTP/2 has a word for it.
    fn parts_with(&self, version: Version) -> bool {
        version < Version::HTTP_2 && self.shutdown.is_draining()
    }
}

async fn pass(State(passage): State<Arc<RequestLayer>>, request: Request, next: Next) -> Response {
    let traced = Traced::begin(&request);
    let seen = Seen::of(&request);
    let version = request.version();
    let mut response = traced.run(passage.answer(request, next)).await;
    passage.observer.observe(&seen, &response);
    let parts = passage.parts_with(version);
    let headers = response.headers_mut();
    if let Some(name) = &passage.name {
        headers.insert(SERVER, name.clone());
    }
    if parts {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry;

    #[tokio::test]
    async fn whoever_asks_a_draining_process_is_sent_elsewhere_next_time() {
        let _turn = telemetry::TURN.lock().await;
        let shutdown = Shutdown::default();
        let passage = RequestLayer {
            style: None,
            observer: Observer::new("x", None),
            name: None,
            shutdown: shutdown.clone(),
        };
        let app = passage.layer(Router::new().route("/", get(|| async {})));
        let closes = async |version| {
            let request = Request::builder().version(version).body(Body::empty());
            let response = app.clone().oneshot(request.unwrap()).await.unwrap();
            response.headers().get(CONNECTION).is_some()
        };
        assert!(!closes(Version::HTTP_11).await);
        shutdown.drain(Duration::ZERO).await;
        assert!(closes(Version::HTTP_11).await);
        assert!(!closes(Version::HTTP_2).await);
    }
}
