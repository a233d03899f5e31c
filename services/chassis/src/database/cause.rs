//! Why a database does not do its work, in words for logs and readiness.

/// The cause of a failure that is the database's, or its disk's or network's,
/// and passes: nothing when the statement itself is at fault.
pub(crate) fn of(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Some("the connection is lost"),
        sqlx::Error::PoolTimedOut => Some("no connection to the database"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Some("the database is closed"),
        sqlx::Error::Database(cause) => of_code(cause.code()?.as_ref()),
        _ => None,
    }
}

/// PostgreSQL's codes have five letters (its manual, appendix A), SQLite's are
/// numbers whose last byte is the primary code (sqlite.org/rescode.html).
fn of_code(code: &str) -> Option<&'static str> {
    if code.len() == 5 {
        return of_sqlstate(code);
    }
    match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => Some("the database is locked by another process"),
        8 => Some("cannot write: read-only"),
        10 => Some("cannot read or write: the disk fails"),
        11 | 26 => Some(DAMAGED),
        13 => Some("cannot write: disk full"),
        14 => Some("cannot open the file"),
        _ => None,
    }
}

/// What is said of a file that SQLite cannot read as a database.
pub(crate) const DAMAGED: &str = "the file is damaged";

fn of_sqlstate(code: &str) -> Option<&'static str> {
    match code {
        "53100" => Some("cannot write: disk full"),
        "25006" => Some("cannot write: read-only"),
        "58030" => Some("cannot read or write: the disk fails"),
        "57P01" | "57P02" => Some("the server is shutting down"),
        "57P03" => Some("the server is starting"),
        "40001" | "40P01" | "55P03" => Some("another change was in the way"),
        _ if code.starts_with("08") => Some("the connection is lost"),
        _ if code.starts_with("53") => Some("the server is out of memory or connections"),
        _ => None,
    }
}

/// A failure that passes, and its cause.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct Unavailable {
    /// In words without names, addresses or values.
    pub(crate) cause: &'static str,
    #[source]
    pub(crate) source: sqlx::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_databases_codes_have_their_causes() {
        for (code, cause) in [
            ("13", Some("cannot write: disk full")),
            ("53100", Some("cannot write: disk full")),
            ("8", Some("cannot write: read-only")),
            ("1032", Some("cannot write: read-only")),
            ("25006", Some("cannot write: read-only")),
            ("4874", Some("cannot read or write: the disk fails")),
            ("11", Some(DAMAGED)),
            ("08006", Some("the connection is lost")),
            ("2067", None),
            ("23505", None),
        ] {
            assert_eq!(of_code(code), cause, "{code}");
        }
    }
}
