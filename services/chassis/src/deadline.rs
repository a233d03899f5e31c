//! Deadlines that travel: a caller's limit holds for everything done on its
//! behalf, in every service (`grpc-timeout`, as the gRPC protocol defines it).

use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tonic::Status;

use crate::{Error, grpc};

/// The header that carries the time left.
pub const HEADER: &str = "grpc-timeout";

/// What a request may take when its caller names no limit.
pub const DEFAULT: Duration = Duration::from_secs(10);

tokio::task_local! {
    static DEADLINE: Instant;
}

/// The time left for the request being served, if one is being served.
#[must_use]
pub fn left() -> Option<Duration> {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .ok()
}

/// Runs `work` with `limit` as its deadline, or the present one when that is sooner.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Error> {
    let limit = left().map_or(limit, |left| left.min(limit));
    let work = DEADLINE.scope(Instant::now() + limit, work);
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| Error::Timeout)
}

/// Answers `DEADLINE_EXCEEDED`, or 504, to a request that takes longer than its
/// caller allows.
pub(crate) async fn enforce(request: Request, next: Next) -> Response {
    let limit = read(request.headers()).unwrap_or(DEFAULT).min(DEFAULT);
    let is_grpc = grpc::is_grpc(request.headers());
    match within(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) if is_grpc => Status::deadline_exceeded("timed out").into_http(),
        Err(error) => error.into_response(),
    }
}

/// Reads the limit a caller sent: at most eight digits and a unit.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Writes a limit the way [`read`] reads it.
#[must_use]
pub fn write(limit: Duration) -> String {
    format!("{}m", limit.as_millis().min(99_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_survive_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, write(Duration::from_millis(1500)).parse().unwrap());
        assert_eq!(read(&headers), Some(Duration::from_millis(1500)));
        for bad in ["", "S", "123456789m", "1x", "µ"] {
            headers.insert(
                HEADER,
                axum::http::HeaderValue::from_bytes(bad.as_bytes()).unwrap(),
            );
            assert_eq!(read(&headers), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn an_inner_deadline_never_outlasts_the_outer_one() {
        let inner = within(Duration::from_millis(100), async {
            within(Duration::from_secs(60), async { left().unwrap() }).await
        });
        assert!(inner.await.unwrap().unwrap() <= Duration::from_millis(100));
    }
}
