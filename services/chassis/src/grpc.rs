//! gRPC beside REST, on the same port.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Service;

use crate::Shutdown;

/// Routes calls to a gRPC service, to be merged into the router that serves
/// the REST API on the same port.
///
/// This replaces tonic's own `Routes`, whose fallback would answer an unknown
/// REST path with `200 OK`.
pub fn mount<S>(service: S) -> Router
where
    S: NamedService + Clone + Send + Sync + 'static,
    S: Service<Request, Error = Infallible, Response: IntoResponse, Future: Send>,
{
    Router::new().route_service(&format!("/{}/{{method}}", S::NAME), service)
}

/// Whether these are the headers of a gRPC message.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// The standard health and reflection services beside the gRPC service called `name`.
pub(crate) fn standard(name: &'static str, shutdown: &Shutdown) -> anyhow::Result<Router> {
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(report(reporter, name, shutdown.clone()));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health")
        .with_service_name(name);
    Ok(mount(health).merge(mount(reflection.build_v1()?)))
}

async fn report(reporter: HealthReporter, name: &'static str, shutdown: Shutdown) {
    let names = ["", name];
    for name in names {
        reporter
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    shutdown.draining().await;
    for name in names {
        reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}
