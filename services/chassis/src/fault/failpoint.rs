//! Deliberate bugs and deaths, for tests that prove what the rest is good for.
//!
//! They are compiled in only with the feature `failpoints`, which no shipped
//! executable has: without it nobody can ask for them, and they are nothing.

/// Whether the bug called `name` is wanted: `MUTANT` names it.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn mutant(name: &str) -> bool {
    std::env::var("MUTANT").is_ok_and(|wanted| wanted == name)
}

/// Dies here, as if killed, when a test has put a file called `name` into the
/// folder `CRASH_POINTS`. The file goes first: one process dies, and once.
#[cfg(feature = "failpoints")]
pub fn fail_point(name: &str) {
    let Some(folder) = std::env::var_os("CRASH_POINTS") else {
        return;
    };
    if std::fs::remove_file(std::path::Path::new(&folder).join(name)).is_ok() {
        tracing::warn!(name, "dies here");
        std::process::abort();
    }
}

/// Always false in builds without the feature `failpoints`.
#[cfg(not(feature = "failpoints"))]
#[inline]
#[must_use]
pub const fn mutant(_: &str) -> bool {
    false
}

/// Does nothing in builds without the feature `failpoints`.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn fail_point(_: &str) {}
