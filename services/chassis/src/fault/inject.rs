//! Faults on purpose, for the workshop: extra latency, failing requests and a
//! leak, set on the admin port (`/faults`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::{Error, deadline, grpc};

/// What is done to every request on the main port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Plan {
    /// Added before every answer, in milliseconds; at most a minute.
    pub latency_ms: u64,
    /// Share of requests that fail with 503 or `UNAVAILABLE`, 0 to 100.
    pub error_percent: f64,
    /// Memory that each request costs for ever, in KiB; at most 1024.
    pub leak_kib: u64,
}

/// A leak stops here, so that it spoils a release and not the machine.
const LEAK_LIMIT: usize = 512 << 20;

/// The present plan, and what it has leaked. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    plan: Arc<ArcSwap<Plan>>,
    leaked: Arc<Mutex<Vec<u8>>>,
}

impl Faults {
    /// Starts out with `plan`.
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan: Arc::new(ArcSwap::from_pointee(plan)),
            leaked: Arc::default(),
        }
    }

    fn leak(&self, kib: u64) {
        let mut leaked = self.leaked.lock().unwrap_or_else(PoisonError::into_inner);
        let more = usize::try_from(kib << 10).unwrap_or(LEAK_LIMIT);
        let size = leaked.len().saturating_add(more).min(LEAK_LIMIT);
        // Ones, because the system gives pages of zeros only in name.
        leaked.resize(size, 1);
    }

    /// `GET`, `PUT` and `DELETE /faults`.
    pub(crate) fn endpoint(&self) -> MethodRouter {
        get(show).put(set).delete(clear).with_state(self.clone())
    }
}

async fn show(State(faults): State<Faults>) -> Json<Plan> {
    Json(**faults.plan.load())
}

async fn set(State(faults): State<Faults>, Json(plan): Json<Plan>) -> Response {
    let sensible = plan.latency_ms <= 60_000 && plan.leak_kib <= 1024;
    if !sensible || !(0.0..=100.0).contains(&plan.error_percent) {
        let why = "latency_ms must be 0 to 60000, error_percent 0 to 100, leak_kib 0 to 1024\n";
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    tracing::warn!(
        plan.latency_ms,
        plan.error_percent,
        plan.leak_kib,
        "faults set"
    );
    faults.plan.store(Arc::new(plan));
    Json(plan).into_response()
}

async fn clear(State(faults): State<Faults>) -> Json<Plan> {
    faults.plan.store(Arc::default());
    faults
        .leaked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    Json(Plan::default())
}

/// Delays or fails a request as the plan says; otherwise it gets its deadline.
pub(crate) async fn inject(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let plan = **faults.plan.load();
    if plan.leak_kib > 0 {
        faults.leak(plan.leak_kib);
    }
    if plan.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.latency_ms)).await;
    }
    if plan.error_percent > 0.0 && rand::random::<f64>() * 100.0 < plan.error_percent {
        return if grpc::is_grpc(request.headers()) {
            Status::unavailable("fault on purpose").into_http()
        } else {
            Error::unavailable("fault on purpose").into_response()
        };
    }
    deadline::enforce(request, next).await
}
