//! Metrics under the names the original's dashboards and alerts read
//! (contract README, "Metrics").

mod memory;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use metrics::{Histogram, Label, gauge, histogram};
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

/// Observes how requests to one service went.
pub(crate) struct Observer {
    service: &'static str,
    style: Option<Style>,
    known: Known,
}

/// Where to record a request to a route, by its method and its status: looked
/// up by all its labels once, and kept at hand.
type Known = RwLock<HashMap<String, HashMap<Kind, Arc<[Histogram]>>>>;

type Kind = (&'static str, u16);

/// What is to be known of a request once it is answered.
pub(crate) struct Seen {
    start: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    uri: Uri,
}

impl Seen {
    /// Takes a look at a request that has just come in.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            start: Instant::now(),
            method: method(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            uri: request.uri().clone(),
        }
    }
}

/// The status of a method that does not exist (gRPC: `UNIMPLEMENTED`).
const UNIMPLEMENTED: u16 = 12;

impl Observer {
    /// Observes requests to `service`, labelled in its `style`.
    pub(crate) fn new(service: &'static str, style: Option<Style>) -> Self {
        Self {
            service,
            style,
            known: Known::default(),
        }
    }

    /// Records how a request was answered, and how long that took.
    pub(crate) fn observe(&self, seen: &Seen, response: &Response) {
        let took = seen.start.elapsed().as_secs_f64();
        let route = seen.route.as_ref().map(MatchedPath::as_str);
        let path = seen.uri.path();
        if grpc::is_grpc(response.headers()) {
            let code = response.headers().get("grpc-status");
            let code = code.and_then(|code| code.to_str().ok()?.parse().ok());
            let code = code.unwrap_or(0);
            let is_known = route.is_some() && code != UNIMPLEMENTED;
            let path = if is_known { path } else { "/other/other" };
            self.record(path, (GRPC, code), took);
        } else {
            let route = match self.style {
                None => segment(path),
                Some(_) => route.unwrap_or("other"),
            };
            self.record(route, (seen.method, response.status().as_u16()), took);
        }
    }

    fn record(&self, route: &str, kind: Kind, took: f64) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(histograms) = known.get(route).and_then(|kinds| kinds.get(&kind)) {
            return histograms.iter().for_each(|one| one.record(took));
        }
        drop(known);
        let histograms = match kind {
            (GRPC, code) => [self.grpc(route, code)].into(),
            _ => self.http(route, kind).into(),
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let kinds = known.entry(route.to_owned()).or_default();
        let histograms: &Arc<[_]> = kinds.entry(kind).or_insert(histograms);
        histograms.iter().for_each(|one| one.record(took));
    }

    fn grpc(&self, path: &str, code: u16) -> Histogram {
        let path = path.trim_start_matches('/');
        let (service, method) = path.split_once('/').unwrap_or((path, ""));
        histogram!("grpc_server_handling_seconds", "service" => self.service,
            "grpc_service" => service.to_owned(), "grpc_method" => method.to_owned(),
            "grpc_code" => code.to_string())
    }

    fn http(&self, route: &str, (method, status): Kind) -> [Histogram; 2] {
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
        let route = self.route(route);
        [
            ("http_request_duration_seconds", "path"),
            ("request_duration_seconds", "route"),
        ]
        .map(|(name, key)| {
            let mut labels = common.clone();
            labels.push(Label::new(key, route.clone()));
            histogram!(name, labels)
        })
    }

    /// The label of a route: munged for the Go services, as it is otherwise.
    fn route(&self, route: &str) -> String {
        match self.style {
            Some(Style::Go | Style::Hal) => munge(route),
            Some(Style::Spring) | None => route.to_owned(),
        }
    }
}

/// Stands for the method of a gRPC call, which is a `POST` always.
const GRPC: &str = "grpc";

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
    use axum::Router;
    use axum::body::Body;
    use axum::extract::{Path, State};
    use axum::middleware::{Next, from_fn_with_state};
    use axum::routing::post;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn go_routes_are_munged() {
        let munged = ["/catalogue", "/catalogue/{id}", "/paymentAuth", "/"].map(munge);
        assert_eq!(munged, ["catalogue", "catalogue_id", "paymentauth", "root"]);
    }

    /// What an observer in `style` knows after these requests.
    async fn known(style: Option<Style>, requests: &[(&str, &str, &str)]) -> Vec<(String, Kind)> {
        let observer = Arc::new(Observer::new("x", style));
        let layer = from_fn_with_state(
            observer.clone(),
            async |State(observer): State<Arc<Observer>>, request: Request, next: Next| {
                let seen = Seen::of(&request);
                let response = next.run(request).await;
                observer.observe(&seen, &response);
                response
            },
        );
        let app = Router::new()
            .route("/cart/{id}", get(|| async {}))
            .route(
                "/shop.Cart/{method}",
                post(|path: Path<String>| async move {
                    let code = if *path == "Get" { "0" } else { "12" };
                    [("grpc-status", code), ("content-type", "application/grpc")]
                }),
            )
            .layer(layer);
        for (method, path, media_type) in requests {
            let request = Request::builder()
                .method(*method)
                .uri(*path)
                .header(CONTENT_TYPE, *media_type);
            let answer = app
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await;
            drop(answer.unwrap());
        }
        let known = observer.known.read().unwrap();
        let mut known: Vec<_> = known
            .iter()
            .flat_map(|(route, kinds)| kinds.keys().map(|kind| (route.clone(), *kind)))
            .collect();
        known.sort();
        known
    }

    #[tokio::test]
    async fn what_callers_make_up_shares_one_label() {
        let grpc = "application/grpc";
        let asked = [
            ("GET", "/cart/7", ""),
            ("GET", "/cart/8", ""),
            ("PURR", "/cart/9", ""),
            ("GET", "/a/b", ""),
            ("GET", "/c/d", ""),
            ("POST", "/shop.Cart/Get", grpc),
            ("POST", "/shop.Cart/Set", grpc),
            ("GET", "/cart/10", grpc),
        ];
        let of = |route: &str, method, status| (route.to_owned(), (method, status));
        let expected = |cart| {
            let mut expected = vec![
                of(cart, "GET", 200),
                of(cart, "other", 405),
                of("other", "GET", 404),
                of("/other/other", GRPC, UNIMPLEMENTED),
                of("/shop.Cart/Get", GRPC, 0),
            ];
            expected.sort();
            expected
        };
        let spring = known(Some(Style::Spring), &asked).await;
        assert_eq!(spring, expected("/cart/{id}"));
        assert_eq!(known(None, &asked).await, expected("cart"));
    }

    #[test]
    fn only_go_routes_are_munged() {
        let label = |style| Observer::new("x", style).route("/orders/{id}");
        assert_eq!(label(Some(Style::Go)), "orders_id");
        assert_eq!(label(Some(Style::Spring)), "/orders/{id}");
    }
}
