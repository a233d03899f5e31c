//! Helpers for tests: talk to a router as if it were a server.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tower::ServiceExt;

mod described;

pub use described::described;

/// Complete response of a server under test.
#[derive(Debug)]
pub struct Answer {
    /// Status code of the response.
    pub status: StatusCode,
    /// Header fields of the response.
    pub headers: HeaderMap,
    /// Body of the response, read to its end.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When the body is not JSON.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper may fail its test")]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Sends any request to `app`.
///
/// # Panics
///
/// When the body of the answer breaks off.
#[expect(clippy::unwrap_used, reason = "a test helper may fail its test")]
pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// Sends `method path` with a JSON body (none when `Value::Null`).
///
/// # Panics
///
/// When method or path are no method or path.
#[expect(clippy::unwrap_used, reason = "a test helper may fail its test")]
pub async fn call(app: &Router, method: &str, path: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = if body.is_null() {
        request.body(Body::empty())
    } else {
        request
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
    };
    send(app, request.unwrap()).await
}

/// Sends `GET path` to `app` and returns the status and the JSON it answers.
///
/// # Panics
///
/// When the answer is not JSON.
pub async fn get(app: &Router, path: &str) -> (StatusCode, Value) {
    let answer = call(app, "GET", path, Value::Null).await;
    (answer.status, answer.json())
}

/// A folder for the files of this process, and none of those that have ended.
#[expect(clippy::unwrap_used, reason = "a test helper may fail its test")]
fn scratch() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let all = std::env::temp_dir().join("sockshop-tests");
        let own = all.join(std::process::id().to_string());
        std::fs::create_dir_all(&own).unwrap();
        for folder in std::fs::read_dir(&all).unwrap().flatten() {
            let process = Path::new("/proc").join(folder.file_name());
            if cfg!(target_os = "linux") && !process.exists() {
                _ = std::fs::remove_dir_all(folder.path());
            }
        }
        own
    })
}

/// The URL of a database no other test uses: a new file, or a fresh schema
/// inside `TEST_DATABASE_URL` when that is set.
///
/// # Panics
///
/// When that database does not answer, or no file can be made.
#[expect(clippy::unwrap_used, reason = "a test helper may fail its test")]
pub async fn database_url() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        let file = scratch().join(format!("{}.db", crate::ids::new_id()));
        return format!("sqlite:{}?mode=rwc", file.display());
    };
    let schema = format!(
        "test_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Relaxed)
    );
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    sqlx::query(AssertSqlSafe(format!(
        "DROP SCHEMA IF EXISTS {schema} CASCADE"
    )))
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
        .execute(&mut connection)
        .await
        .unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options[search_path]={schema}")
}
