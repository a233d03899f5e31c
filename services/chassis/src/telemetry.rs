//! Logs to standard output, traces to an OTLP collector when there is one.

use std::io::IsTerminal;

use anyhow::bail;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use opentelemetry::trace::{FutureExt, TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::Settings;

/// What is logged unless `RUST_LOG` says otherwise. hickory would tell of every
/// query.
const FILTER: &str = "info,hickory_server=warn,chitchat=warn";

/// Keeps telemetry running; dropping it sends what is still buffered.
#[must_use = "telemetry stops when this is dropped"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            _ = provider.shutdown();
        }
    }
}

/// Starts logging as `service`, and tracing when there is a collector. Without
/// one, the trace that a caller is in is passed on as it came.
pub fn start(service: &'static str, settings: &Settings) -> anyhow::Result<Telemetry> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let (provider, no_traces) = match provider(service, settings) {
        Ok(provider) => (provider, None),
        Err(error) => (None, Some(error)),
    };

    // People read lines, collectors read JSON.
    let human = std::io::stdout().is_terminal();
    let json = (!human).then(|| {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
    });
    let (filter, slips) = filter(&std::env::var("RUST_LOG").unwrap_or_default());
    tracing_subscriber::registry()
        .with(filter)
        .with(json)
        .with(human.then(fmt::layer))
        .with(provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(service))
                // Of a request they tell nothing.
                .with_location(false)
                .with_threads(false)
        }))
        .try_init()?;
    // What is meant for another program, or a slip, must not keep a service from starting.
    for slip in slips {
        tracing::warn!(slip, "RUST_LOG is a list such as info,sqlx=warn");
    }
    if let Some(error) = no_traces {
        tracing::warn!(error = %format!("{error:#}"), "no traces are sent: check OTEL_EXPORTER_OTLP_ENDPOINT");
    }
    Ok(Telemetry(provider))
}

/// The filter that `directives` make, without those that make none, and what to
/// warn of. Without any that does, it is [`FILTER`].
fn filter(directives: &str) -> (Targets, Vec<String>) {
    let mut good = Vec::new();
    let mut warnings = Vec::new();
    for directive in directives.split(',').map(str::trim) {
        let is_read = !directive.starts_with('=') && directive.parse::<Targets>().is_ok();
        let is_bare = !directive.contains(['=', ':']) && directive.parse::<LevelFilter>().is_err();
        match (directive, is_read) {
            ("", _) => {}
            (slip, false) => warnings.push(format!("`{slip}` is no filter and is ignored")),
            (word, true) if is_bare => {
                good.push(word);
                warnings.push(format!("`{word}` is no level and is taken for a module"));
            }
            (directive, true) => good.push(directive),
        }
    }
    let mut good = good.join(",");
    if good.is_empty() {
        FILTER.clone_into(&mut good);
    }
    let filter: Targets = good.parse().unwrap_or_default();
    if warnings.is_empty() {
        return (filter, warnings);
    }
    (
        filter.with_target(module_path!(), LevelFilter::WARN),
        warnings,
    )
}

/// Sends spans to a collector, if the settings name one.
fn provider(
    service: &'static str,
    settings: &Settings,
) -> anyhow::Result<Option<SdkTracerProvider>> {
    let endpoint = settings.otlp_endpoint.as_deref().map(str::trim);
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(None);
    };
    let uri: Option<Uri> = endpoint.parse().ok();
    if uri.is_none_or(|uri| uri.scheme().is_none() || uri.host().is_none()) {
        bail!("`{endpoint}` is no URL such as http://otel:4317");
    }
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", settings.version.clone()))
        .with_attribute(KeyValue::new("service.instance.id", settings.instance()))
        .build();
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()?;
    let provider = SdkTracerProvider::builder().with_resource(resource);
    Ok(Some(provider.with_batch_exporter(exporter).build()))
}

/// The trace that the present work is part of, if any: 32 hex digits, to find
/// it in a collector.
#[must_use]
pub fn trace_id() -> Option<String> {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// Has the present trace go on in a call with these headers.
pub(crate) fn inject(headers: &mut HeaderMap) {
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&Context::current(), &mut HeaderInjector(headers));
    });
}

/// A request that is being served: a span for logs and traces, in the trace of
/// the caller when it sent one along.
pub(crate) struct Traced {
    span: Span,
    caller: Context,
}

impl Traced {
    /// Begins to serve a request.
    pub(crate) fn begin(request: &Request) -> Self {
        let method = request.method();
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map_or("other", MatchedPath::as_str);
        let caller = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&HeaderExtractor(request.headers()))
        });
        let span = info_span!("request", otel.kind = Empty, otel.name = Empty, %method, route);
        if span.set_parent(caller.clone()).is_ok() {
            // There is a collector. A log already has the method and the route.
            span.record("otel.kind", "server");
            span.record("otel.name", format!("{method} {route}"));
        }
        Self { span, caller }
    }

    /// Does the work in it.
    pub(crate) async fn run(&self, work: impl Future<Output = Response>) -> Response {
        let response = work
            .instrument(self.span.clone())
            .with_context(self.caller.clone())
            .await;
        let status = response.status().as_u16();
        self.span.set_attribute("status", i64::from(status));
        response
    }
}

/// Held by tests that serve a request: the thread that meets a span first settles for all threads whether
/// somebody wants it.
#[cfg(test)]
pub(crate) static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_slip_in_a_filter_costs_that_directive_only() {
        let (read, warnings) = filter("sqlx=loud,orders=debug");
        assert_eq!(warnings, ["`sqlx=loud` is no filter and is ignored"]);
        assert!(read.would_enable("orders", &tracing::Level::DEBUG));
        assert!(read.would_enable(module_path!(), &tracing::Level::WARN));
        for good in ["", "warn", "INFO, sqlx=debug", "orders::place=trace", "off"] {
            assert_eq!(filter(good).1, [""; 0], "{good}");
        }
        for slip in ["=", "x=y=z", "inof", "orders=debug,wran"] {
            assert_eq!(filter(slip).1.len(), 1, "{slip}");
        }
        let (default, _) = filter("=,x=y");
        assert!(default.would_enable("orders", &tracing::Level::INFO));
    }

    #[test]
    fn an_endpoint_that_is_none_is_an_error_and_no_endpoint_is_not() {
        let with = |endpoint: &str| {
            #[derive(clap::Parser)]
            struct Command {
                #[command(flatten)]
                settings: Settings,
            }
            let flags = ["x", "--otlp-endpoint", endpoint];
            let command: Command = clap::Parser::parse_from(flags);
            provider("x", &command.settings)
        };
        for bad in ["collector", "localhost:4317", "/v1/traces", "http://", "::"] {
            assert!(with(bad).is_err(), "{bad}");
        }
        assert!(with("").unwrap().is_none());
    }

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const CALL: &str = "b7ad6b7169203331";

    fn header(call: &str) -> String {
        format!("00-{TRACE}-{call}-01")
    }

    /// What a call made while a request with this header is served says of its
    /// trace, and what the page would say.
    async fn passed_on(traceparent: Option<&str>) -> (Option<String>, Option<String>) {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let request = Request::builder().uri("/");
        let request = match traceparent {
            Some(header) => request.header("traceparent", header),
            None => request,
        };
        let mut seen = (None, None);
        let work = async {
            tokio::task::yield_now().await;
            let mut headers = HeaderMap::new();
            inject(&mut headers);
            let header = headers.get("traceparent");
            let header = header.map(|header| header.to_str().unwrap().to_owned());
            seen = (header, trace_id());
            ().into_response()
        };
        let traced = Traced::begin(&request.body(Body::empty()).unwrap());
        drop(traced.run(work).await);
        seen
    }

    #[tokio::test]
    async fn without_a_collector_a_trace_is_passed_on_as_it_came() {
        let _turn = TURN.lock().await;
        let (header, page) = passed_on(Some(&header(CALL))).await;
        assert_eq!(header, Some(super::tests::header(CALL)));
        assert_eq!(page.as_deref(), Some(TRACE));
        assert_eq!(passed_on(None).await, (None, None));
    }

    #[tokio::test]
    async fn with_a_collector_a_request_is_a_step_of_its_callers_trace() {
        let _turn = TURN.lock().await;
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("x"));
        let _here = tracing_subscriber::registry().with(layer).set_default();
        let (passed, page) = passed_on(Some(&header(CALL))).await;
        let passed = passed.unwrap();
        assert!(passed.starts_with(&format!("00-{TRACE}-")), "{passed}");
        assert!(!passed.contains(CALL), "the caller's own step: {passed}");
        assert_eq!(page.as_deref(), Some(TRACE));

        let (passed, page) = passed_on(None).await;
        let trace = page.unwrap();
        assert!(passed.unwrap().contains(&trace) && trace != TRACE);
    }
}
