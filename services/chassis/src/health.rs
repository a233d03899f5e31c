//! The contract's `/health`: always 200, and the body tells.

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use serde::Serialize;

use crate::admin::Check;
use crate::rest::Json;

/// Body of a health response.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    health: Vec<Entry>,
}

/// One thing and whether it works.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Entry {
    service: &'static str,
    /// Status of the dependency: `OK` or `err`.
    status: &'static str,
    /// As the Go services wrote it.
    time: String,
    /// As the Java services wrote it.
    date: String,
}

/// `GET /health` with one entry per check, in their order. A service that
/// answers is `OK` itself: give it a check that always passes ([`alive`]).
pub fn routes(path: &str, checks: Vec<Check>) -> Router {
    Router::new().route(path, get(move || answer(checks.clone())))
}

/// A check that passes because it runs.
#[must_use]
pub fn alive(name: &'static str) -> Check {
    Check::new(name, || async { Ok(()) })
}

async fn answer(checks: Vec<Check>) -> Json<Health> {
    let mut health = Vec::with_capacity(checks.len());
    for check in checks {
        let status = if check.passes().await { "OK" } else { "err" };
        health.push(Entry::new(check.name, status, Timestamp::now()));
    }
    Json(Health { health })
}

impl Entry {
    fn new(service: &'static str, status: &'static str, now: Timestamp) -> Self {
        Self {
            service,
            status,
            time: now.strftime("%Y-%m-%d %H:%M:%S.%9f +0000 UTC").to_string(),
            date: now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_both_tongues() {
        let now = Timestamp::new(1_614_834_367, 123_456_789).unwrap();
        let entry = Entry::new("catalogue", "OK", now);
        assert_eq!(entry.time, "2021-03-04 05:06:07.123456789 +0000 UTC");
        assert_eq!(entry.date, "2021-03-04T05:06:07.123Z");
    }
}
