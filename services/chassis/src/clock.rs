//! The one place that reads the wall clock.

use jiff::Timestamp;

/// Milliseconds since the Unix epoch, now.
#[must_use]
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
