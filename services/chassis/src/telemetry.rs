//! Logs to standard output, traces to an OTLP collector when there is one.

use std::io::IsTerminal;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::Settings;

/// What is logged unless `RUST_LOG` says otherwise. hickory would tell of every
/// query.
const FILTER: &str = "info,hickory_server=warn,chitchat=warn";

/// Keeps telemetry running; dropping it sends what is still buffered.
#[must_use = "telemetry stops when this is dropped"]
pub struct Telemetry(SdkTracerProvider);

impl Drop for Telemetry {
    fn drop(&mut self) {
        _ = self.0.shutdown();
    }
}

/// Starts logging and tracing as `service`.
pub fn start(service: &'static str, settings: &Settings) -> anyhow::Result<Telemetry> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());

    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", settings.version.clone()))
        .with_attribute(KeyValue::new("service.instance.id", settings.instance()))
        .build();
    let mut provider = SdkTracerProvider::builder().with_resource(resource);
    if let Some(endpoint) = &settings.otlp_endpoint {
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        provider = provider.with_batch_exporter(exporter);
    }
    let provider = provider.build();

    // People read lines, collectors read JSON.
    let human = std::io::stdout().is_terminal();
    let json = (!human).then(|| {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
    });
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| FILTER.to_owned());
    tracing_subscriber::registry()
        .with(filter.parse::<Targets>()?)
        .with(json)
        .with(human.then(fmt::layer))
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer(service)))
        .try_init()?;
    Ok(Telemetry(provider))
}

/// The trace the caller is in: 32 hex digits, to find it in a collector.
#[must_use]
pub fn trace_id() -> String {
    let context = Span::current().context();
    context.span().span_context().trace_id().to_string()
}

/// Serves a request inside a span, part of the caller's trace when it sent one
/// along.
pub(crate) async fn trace(request: Request, next: Next) -> Response {
    let span = span(&request);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    response
}

fn span(request: &Request) -> Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str);
    let name = format!("{} {route}", request.method());
    let span = info_span!("request", otel.name = name, otel.kind = "server",
        method = %request.method(), route, status = tracing::field::Empty);
    let caller = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&HeaderExtractor(request.headers()))
    });
    _ = span.set_parent(caller);
    span
}
