//! One error for every service, and the one place it meets a protocol.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tonic::{Code, Status};

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

    /// Too many tries; the caller should slow down.
    #[error("{0}")]
    Exhausted(&'static str),

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
            Self::Exists(_) => (StatusCode::CONFLICT, Code::AlreadyExists),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Self::Refused(_) => (StatusCode::NOT_ACCEPTABLE, Code::FailedPrecondition),
            Self::Outdated(_) => (StatusCode::CONFLICT, Code::Aborted),
            Self::Exhausted(_) => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, Code::DeadlineExceeded),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        }
    }

    /// An [`Error::Invalid`] that says `message`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// An [`Error::Unavailable`] because of `cause`.
    pub fn unavailable(cause: impl Into<Source>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// An [`Error::Internal`] because of `cause`.
    pub fn internal(cause: impl Into<Source>) -> Self {
        Self::Internal(cause.into())
    }

    /// Logs what callers are not told: called once, where the error leaves us.
    fn log(&self) {
        if let Self::Unavailable(cause) | Self::Internal(cause) = self {
            tracing::error!(error = %cause, "request failed");
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
        Status::new(code, error.to_string())
    }
}

/// What a peer told us over gRPC, as our own error.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::NotFound => Self::NotFound("resource"),
            Code::InvalidArgument => Self::Invalid(status.message().to_owned()),
            Code::AlreadyExists => Self::Exists("resource"),
            Code::Unauthenticated => Self::Unauthorized,
            Code::FailedPrecondition => Self::Refused(status.message().to_owned()),
            Code::Aborted => Self::Outdated(status.message().to_owned()),
            Code::ResourceExhausted => Self::Exhausted("too many requests"),
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
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable(error.into())
            }
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
}
