//! Polling with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;

/// Between the first two looks, and between any two: to look is work too.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(20);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// No page takes longer.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks again and again until there is something, and fails when there is
/// nothing after `patience`.
pub(crate) fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    let mut pause = MIN_POLL_INTERVAL;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > patience {
            bail!("waited {patience:?} in vain for {what}");
        }
        sleep(pause);
        pause = (pause * 2).min(MAX_POLL_INTERVAL);
    }
}

/// The page at `url`.
pub(crate) fn page(url: &str) -> anyhow::Result<String> {
    let ask = ureq::get(url).header("accept", "text/html");
    let ask = ask.config().timeout_global(Some(REQUEST_TIMEOUT)).build();
    Ok(ask.call()?.body_mut().read_to_string()?)
}
