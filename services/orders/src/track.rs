//! Asking shipping how far it has come with what is paid.

use chassis::Result;
use chassis::fault::failpoint::fail_point;

use crate::app::App;
use crate::cancel::finish;

/// Asked about in one call, as many as shipping allows.
const BATCH: i64 = 200;

/// Calls in a row, at most; a longer list of open orders takes several rounds.
const CALLS: usize = 20;

/// Asks, again and again, going round all open orders.
pub async fn run(shop: &App) {
    let mut after = String::new();
    let mut ticks = tokio::time::interval(shop.limits.follow_every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for _ in 0..CALLS {
            match ask(shop, &after).await {
                Ok(Some(last)) => after = last,
                Ok(None) => {
                    after.clear();
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "shipping could not be followed");
                    break;
                }
            }
        }
    }
}

/// Asks about the open orders whose ids come after `after`, records what is
/// new, ends what was recalled by a process that died over it, and returns the last of them; nothing at the end of the list.
pub async fn ask(shop: &App, after: &str) -> Result<Option<String>> {
    let ids = shop.store.open_after(after, BATCH).await?;
    let Some(last) = ids.last().cloned() else {
        return Ok(None);
    };
    let mut progress = shop.upstreams.progress(ids).await?;
    if !progress.is_empty() {
        fail_point("progress-seen");
    }
    // Two followers that took rows in different orders could wait for each other.
    progress.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    let (recalled, moved): (Vec<_>, Vec<_>) = progress.into_iter().partition(|one| one.recalled);
    if !moved.is_empty() {
        shop.store.advance(&moved).await?;
    }
    for one in recalled {
        finish(shop, &one.order_id).await?;
    }
    Ok(Some(last))
}
