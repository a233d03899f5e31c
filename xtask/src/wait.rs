//! Waiting for what is to come, with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;

/// Between the first two looks, and between any two: to look is work too.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// No page takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Looks again and again until there is something, and fails when there is
/// nothing after `patience`.
pub(crate) fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    let mut pause = PAUSE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > patience {
            bail!("waited {patience:?} in vain for {what}");
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The page at `url`.
pub(crate) fn page(url: &str) -> anyhow::Result<String> {
    let ask = ureq::get(url).header("accept", "text/html");
    let ask = ask.config().timeout_global(Some(PATIENCE)).build();
    Ok(ask.call()?.body_mut().read_to_string()?)
}
