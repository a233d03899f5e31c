//! The private port: liveness, readiness, metrics, faults.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::fault::inject::Faults;
use crate::{Result, Shutdown, metrics};

type Outcome = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Something that must work before requests can be served: usually a database.
#[derive(Clone)]
pub struct Check {
    /// Its name in the contract's `/health`, e.g. `catalogue-db`.
    pub name: &'static str,
    /// Whether nothing can be served without it.
    is_required: bool,
    probe: Arc<dyn Fn() -> Outcome + Send + Sync>,
}

/// No check may hold up a probe for longer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

impl Check {
    /// A check that succeeds when `probe` does.
    pub fn new<F, Fut>(name: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            is_required: true,
            probe: Arc::new(move || Box::pin(probe())),
        }
    }

    /// Readiness only reports it: much can be served without.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_required = false;
        self
    }

    /// Whether it works now, or nothing depends on it.
    pub(crate) async fn lets_serve(&self) -> bool {
        !self.is_required || self.passes().await
    }

    /// Whether it works now.
    pub async fn passes(&self) -> bool {
        self.outcome().await.is_ok()
    }

    /// Succeeds when it works now; fails with the cause otherwise, such as
    /// "cannot write: disk full".
    pub async fn outcome(&self) -> std::result::Result<(), String> {
        match tokio::time::timeout(CHECK_TIMEOUT, (self.probe)()).await {
            Ok(outcome) => outcome.map_err(|error| error.cause()),
            Err(_) => Err("does not answer in time".to_owned()),
        }
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
    let mut text = "ok\n".to_owned();
    for check in checks {
        if let Err(cause) = check.outcome().await {
            let failure = format!("{}: {cause}\n", check.name);
            if check.is_required {
                return (StatusCode::SERVICE_UNAVAILABLE, failure);
            }
            text += &failure;
        }
    }
    (StatusCode::OK, text)
}
