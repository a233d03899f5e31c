//! The private port: liveness, readiness, metrics, faults.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::faults::Faults;
use crate::{Result, Shutdown, metrics};

type Outcome = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Something that must work before requests can be served: usually a database.
#[derive(Clone)]
pub struct Check {
    /// Its name in the contract's `/health`, e.g. `catalogue-db`.
    pub name: &'static str,
    probe: Arc<dyn Fn() -> Outcome + Send + Sync>,
}

/// No check may hold up a probe for longer.
const PATIENCE: Duration = Duration::from_secs(1);

impl Check {
    /// A check that succeeds when `probe` does.
    pub fn new<F, Fut>(name: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            probe: Arc::new(move || Box::pin(probe())),
        }
    }

    /// Whether it works now.
    pub async fn passes(&self) -> bool {
        matches!(
            tokio::time::timeout(PATIENCE, (self.probe)()).await,
            Ok(Ok(()))
        )
    }
}

/// The routes of the admin port.
pub(crate) fn routes(
    checks: Vec<Check>,
    shutdown: Shutdown,
    faults: &Faults,
    exporter: Option<PrometheusHandle>,
) -> Router {
    let ready = move || ready(checks.clone(), shutdown.clone());
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", metrics::endpoint(exporter))
        .route("/faults", faults.endpoint())
}

async fn ready(checks: Vec<Check>, shutdown: Shutdown) -> (StatusCode, String) {
    if shutdown.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned());
    }
    for check in checks {
        if !check.passes().await {
            let text = format!("{} does not answer\n", check.name);
            return (StatusCode::SERVICE_UNAVAILABLE, text);
        }
    }
    (StatusCode::OK, "ok\n".to_owned())
}
