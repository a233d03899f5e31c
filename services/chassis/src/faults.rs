//! Faults on purpose, for the workshop: extra latency and failing requests,
//! set on the admin port (`/faults`).

use std::sync::Arc;
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

use crate::{Error, grpc};

/// What is done to every request on the main port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Added before every answer, in milliseconds; at most a minute.
    pub latency_ms: u64,
    /// Share of requests that fail with 503 or `UNAVAILABLE`, 0 to 100.
    pub error_percent: f64,
}

/// The present plan. Clones share it.
#[derive(Clone, Default)]
pub struct Faults(Arc<ArcSwap<Plan>>);

impl Faults {
    /// `GET`, `PUT` and `DELETE /faults`.
    pub(crate) fn endpoint(&self) -> MethodRouter {
        get(show).put(set).delete(clear).with_state(self.clone())
    }
}

async fn show(State(faults): State<Faults>) -> Json<Plan> {
    Json(**faults.0.load())
}

async fn set(State(faults): State<Faults>, Json(plan): Json<Plan>) -> Response {
    if plan.latency_ms > 60_000 || !(0.0..=100.0).contains(&plan.error_percent) {
        let why = "latency_ms must be 0 to 60000 and error_percent 0 to 100\n";
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    tracing::warn!(plan.latency_ms, plan.error_percent, "faults set");
    faults.0.store(Arc::new(plan));
    Json(plan).into_response()
}

async fn clear(State(faults): State<Faults>) -> Json<Plan> {
    faults.0.store(Arc::default());
    Json(Plan::default())
}

/// Delays or fails a request as the plan says.
pub(crate) async fn inject(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let plan = **faults.0.load();
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
    next.run(request).await
}
