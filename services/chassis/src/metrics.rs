//! Metrics under the names the original's dashboards and alerts read
//! (contract README, "Metrics").

mod memory;

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use metrics::{Label, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::grpc;
use crate::rest::Style;

/// Upper bounds of the histograms, in seconds: the Go services' and the Java
/// services' together.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Starts to record, for the whole process. `None` when it was started before.
#[must_use]
pub fn start() -> Option<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("duration_seconds".into()), &BUCKETS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("handling_seconds".into()), &BUCKETS)
        })
        .ok()?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).ok()?;
    tokio::spawn(upkeep(handle.clone()));
    Some(handle)
}

/// `GET /metrics`: Prometheus text, format 0.0.4.
pub(crate) fn endpoint<S: Clone + Send + Sync + 'static>(
    exporter: Option<PrometheusHandle>,
) -> MethodRouter<S> {
    get(move || {
        if let Some(bytes) = memory::resident() {
            gauge!("process_resident_memory_bytes").set(bytes);
        }
        let text = exporter.as_ref().map(PrometheusHandle::render);
        async {
            (
                [(CONTENT_TYPE, "text/plain; version=0.0.4")],
                text.unwrap_or_default(),
            )
        }
    })
}

/// Folds samples into buckets, so that memory stays bounded when nobody scrapes.
async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// How requests of one service are labelled.
#[derive(Clone, Copy)]
pub(crate) struct Labels {
    pub(crate) service: &'static str,
    pub(crate) style: Option<Style>,
}

/// Observes how long a request took.
pub(crate) async fn observe(
    State(labels): State<Labels>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_grpc = grpc::is_grpc(request.headers());
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let took = start.elapsed().as_secs_f64();
    if is_grpc {
        observe_grpc(
            labels.service,
            route.is_some().then_some(&*path),
            &response,
            took,
        );
    } else {
        let route = route.as_ref().map(MatchedPath::as_str);
        labels.observe(
            method,
            &labels.path(route, &path),
            response.status().as_u16(),
            took,
        );
    }
    response
}

fn observe_grpc(service: &'static str, path: Option<&str>, response: &Response, took: f64) {
    let path = path.unwrap_or("/other/other").trim_start_matches('/');
    let (grpc_service, grpc_method) = path.split_once('/').unwrap_or((path, ""));
    let code = response.headers().get("grpc-status");
    let code = code.and_then(|code| code.to_str().ok()).unwrap_or("0");
    histogram!("grpc_server_handling_seconds", "service" => service,
        "grpc_service" => grpc_service.to_owned(), "grpc_method" => grpc_method.to_owned(),
        "grpc_code" => code.to_owned())
    .record(took);
}

/// The method as a label; made-up methods share one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Labels {
    /// The label of a route: munged for Go, the pattern for Spring, the first
    /// segment for the front-end; never anything a caller can make up.
    fn path(self, route: Option<&str>, path: &str) -> String {
        match (self.style, route) {
            (None, _) => segment(path).to_owned(),
            (_, None) => "other".to_owned(),
            (Some(Style::Spring), Some(route)) => route.to_owned(),
            (Some(_), Some(route)) => munge(route),
        }
    }

    fn observe(self, method: &'static str, path: &str, status: u16, took: f64) {
        let method = match self.style {
            None => method.to_lowercase(),
            Some(_) => method.to_owned(),
        };
        let mut common = vec![
            Label::from_static_parts("service", self.service),
            Label::new("method", method),
            Label::new("status_code", status.to_string()),
        ];
        if matches!(self.style, Some(Style::Go | Style::Hal)) {
            common.push(Label::from_static_parts("isWS", "false"));
        }
        for (name, key) in [
            ("http_request_duration_seconds", "path"),
            ("request_duration_seconds", "route"),
        ] {
            let mut labels = common.clone();
            labels.push(Label::new(key, path.to_owned()));
            histogram!(name, labels).record(took);
        }
    }
}

/// The front-end's label: the first segment, when it is a known one.
fn segment(path: &str) -> &'static str {
    let first = path.trim_start_matches('/').split('/').next();
    match first.unwrap_or_default() {
        "cart" => "cart",
        "catalogue" => "catalogue",
        "orders" => "orders",
        "user" => "user",
        _ => "other",
    }
}

/// A route as the Go services labelled it: lower case, runs of anything else
/// than letters and digits turned to `_`, trimmed.
fn munge(route: &str) -> String {
    let words: Vec<_> = route
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        "root".to_owned()
    } else {
        words.join("_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_routes_are_munged() {
        let munged = ["/catalogue", "/catalogue/{id}", "/paymentAuth", "/"].map(munge);
        assert_eq!(munged, ["catalogue", "catalogue_id", "paymentauth", "root"]);
    }

    #[test]
    fn made_up_paths_share_one_label() {
        let labels = |style| Labels {
            service: "x",
            style,
        };
        assert_eq!(labels(Some(Style::Go)).path(None, "/a/b"), "other");
        assert_eq!(labels(None).path(None, "/etc/passwd"), "other");
        assert_eq!(labels(None).path(Some("/cart/{id}"), "/cart/7"), "cart");
        assert_eq!(
            labels(Some(Style::Spring)).path(Some("/orders/{id}"), "/orders/7"),
            "/orders/{id}"
        );
    }
}
