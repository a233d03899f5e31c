//! One error for every service, and the one place it meets a protocol.

use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::database::cause;

/// A result that fails with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of an error: for the log, never for a caller.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong with a request.
///
/// The list is short on purpose: a variant exists when callers must act
/// differently, not when the cause differs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing asked for does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),

    /// The request makes no sense, and the message says why.
    #[error("{0}")]
    Invalid(String),

    /// The body is in a format this endpoint does not read.
    #[error("unsupported media type: expected application/json")]
    UnsupportedMediaType,

    /// Somebody else already has this name.
    #[error("{0} already exists")]
    Exists(&'static str),

    /// What the caller asks for was done already, at another request of theirs.
    #[error("{message}")]
    Duplicate {
        /// What was done, in words fit for the caller.
        message: String,
        /// The id of what came of it.
        existing_id: String,
    },

    /// The caller has not shown who they are.
    #[error("Unauthorized")]
    Unauthorized,

    /// Understood, and refused by a rule of the shop. The message is fit for
    /// the buyer's eyes.
    #[error("{0}")]
    Refused(String),

    /// The caller went by what is no longer so. Nothing was done: who looks
    /// again may ask again.
    #[error("{0}")]
    Outdated(String),

    /// Too many requests: refused at once, to be sent again not before `retry_after`.
    #[error("{message}")]
    Exhausted {
        /// Which limit was reached.
        message: &'static str,
        /// How long the caller should wait.
        retry_after: Duration,
    },

    /// A database or service we depend on does not answer.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Source),

    /// A database or service we depend on does not answer in time.
    #[error("timed out")]
    Timeout,

    /// Our fault. Callers learn nothing more; the log has the cause.
    #[error("internal error")]
    Internal(#[source] Source),
}

impl Error {
    /// What this error is called in HTTP and in gRPC.
    #[must_use]
    pub fn codes(&self) -> (StatusCode, Code) {
        match self {
            Self::NotFound(_) => (StatusCode::NOT_FOUND, Code::NotFound),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument)
            }
            Self::Exists(_) | Self::Duplicate { .. } => (StatusCode::CONFLICT, Code::AlreadyExists),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Self::Refused(_) => (StatusCode::NOT_ACCEPTABLE, Code::FailedPrecondition),
            Self::Outdated(_) => (StatusCode::CONFLICT, Code::Aborted),
            Self::Exhausted { .. } => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, Code::DeadlineExceeded),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        }
    }

    /// An [`Error::Invalid`] that says `message`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// How long a caller should wait before the next attempt, in whole seconds
    /// as `Retry-After` counts (RFC 9110, 10.2.3); only known for
    /// [`Error::Exhausted`].
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let Self::Exhausted { retry_after, .. } = self else {
            return None;
        };
        Some(
            retry_after
                .as_millis()
                .div_ceil(1000)
                .max(1)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }

    /// An [`Error::Unavailable`] because of `cause`.
    pub fn unavailable(cause: impl Into<Source>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// An [`Error::Internal`] because of `cause`.
    pub fn internal(cause: impl Into<Source>) -> Self {
        Self::Internal(cause.into())
    }

    /// Why, for logs and the admin port: more than callers are told.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => cause.to_string(),
            told => told.to_string(),
        }
    }

    /// Logs what callers are not told: called once, where the error leaves us.
    fn log(&self) {
        if let Self::Unavailable(cause) | Self::Internal(cause) = self {
            let source = cause.source().map(ToString::to_string);
            tracing::error!(error = %cause, source, "request failed");
        }
    }
}

/// What went wrong, for [`rest::Style`](crate::rest::Style) to put into words.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the caller may know.
    pub message: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let (status, _) = self.codes();
        let mut response = status.into_response();
        if let Some(seconds) = self.retry_after_seconds() {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Failure {
            message: self.to_string(),
        });
        response
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        error.log();
        let (_, code) = error.codes();
        let mut status = Status::new(code, error.to_string());
        if let Some(pushback) = error.retry_after_seconds().map(|seconds| seconds * 1000) {
            let metadata = status.metadata_mut();
            metadata.insert(PUSHBACK_MS, MetadataValue::from(pushback));
        }
        if let Error::Duplicate { existing_id, .. } = &error
            && let Ok(id) = existing_id.parse()
        {
            status.metadata_mut().insert(EXISTING_ID, id);
        }
        status
    }
}

/// Metadata that says how many milliseconds a client should wait (gRFC A6,
/// "server pushback").
const PUSHBACK_MS: &str = "grpc-retry-pushback-ms";

/// Wait after `RESOURCE_EXHAUSTED` from a peer that does not say how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long `status` asks its receiver to wait.
fn pushback(status: &Status) -> Duration {
    let value = status.metadata().get(PUSHBACK_MS);
    let millis = value.and_then(|value| value.to_str().ok()?.parse().ok());
    millis.map_or(DEFAULT_RETRY_AFTER, Duration::from_millis)
}

/// The gRPC metadata that carries the id of an [`Error::Duplicate`].
pub const EXISTING_ID: &str = "existing-id";

/// The id in the metadata of a refusal.
fn existing_id(status: &Status) -> Option<String> {
    let id = status.metadata().get(EXISTING_ID)?.to_str().ok()?;
    Some(id.to_owned())
}

/// What a peer told us over gRPC, as our own error.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::NotFound => Self::NotFound("resource"),
            Code::InvalidArgument => Self::Invalid(status.message().to_owned()),
            Code::AlreadyExists => match existing_id(&status) {
                Some(existing_id) => Self::Duplicate {
                    message: status.message().to_owned(),
                    existing_id,
                },
                None => Self::Exists("resource"),
            },
            Code::Unauthenticated => Self::Unauthorized,
            Code::FailedPrecondition => Self::Refused(status.message().to_owned()),
            Code::Aborted => Self::Outdated(status.message().to_owned()),
            Code::ResourceExhausted => Self::Exhausted {
                message: "too many requests",
                retry_after: pushback(&status),
            },
            Code::DeadlineExceeded => Self::Timeout,
            Code::Unavailable => Self::Unavailable(status.into()),
            _ => Self::Internal(status.into()),
        }
    }
}

/// What PostgreSQL says to a NUL in a text (`character_not_in_repertoire`).
const NOT_TEXT: &str = "22021";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let Some(cause) = cause::of(&error) {
            return Self::unavailable(cause::Unavailable {
                cause,
                source: error,
            });
        }
        match error {
            sqlx::Error::Database(ref cause) if cause.code().as_deref() == Some(NOT_TEXT) => {
                Self::invalid("a text holds a character that cannot be kept")
            }
            _ => Self::Internal(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_never_see_the_cause() {
        let error = Error::from(sqlx::Error::Protocol("secret".into()));
        assert_eq!(Status::from(error).message(), "internal error");
    }

    #[test]
    fn how_long_to_wait_is_said_in_both_protocols() {
        let busy = || Error::Exhausted {
            message: "too many requests",
            retry_after: Duration::from_millis(1500),
        };
        let response = busy().into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        let Error::Exhausted { retry_after, .. } = Error::from(Status::from(busy())) else {
            panic!("its meaning is lost");
        };
        assert_eq!(retry_after, Duration::from_secs(2));
    }

    #[test]
    fn an_error_keeps_its_meaning_across_grpc() {
        for error in [
            Error::NotFound("resource"),
            Error::invalid("no"),
            Error::Unauthorized,
            Error::Refused("declined".into()),
            Error::Outdated("it is another".into()),
            Error::Timeout,
        ] {
            let (text, codes) = (error.to_string(), error.codes());
            let back = Error::from(Status::from(error));
            assert_eq!((back.to_string(), back.codes()), (text, codes));
        }
    }

    #[test]
    fn the_id_of_what_exists_travels_with_a_duplicate() {
        let error = Error::Duplicate {
            message: "bought already".into(),
            existing_id: "o1".into(),
        };
        let Error::Duplicate {
            message,
            existing_id,
        } = Error::from(Status::from(error))
        else {
            panic!("another error");
        };
        assert_eq!((&*message, &*existing_id), ("bought already", "o1"));
        let bare = Error::from(Status::already_exists("taken"));
        assert!(matches!(bare, Error::Exists(_)));
    }
}
