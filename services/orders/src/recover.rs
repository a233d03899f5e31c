//! Taking up what a process left behind when it died.

use chassis::fault::failpoint::fail_point;
use chassis::{Result, clock};
use metrics::gauge;

use crate::app::{App, millis};
use crate::order::Order;
use crate::place::{count, settle};
use crate::status::State;
use crate::store::Key;

/// Recovered in one go, at most.
const BATCH: i64 = 100;

/// Looks for orders left behind, again and again.
pub async fn run(shop: &App) {
    let mut ticks = tokio::time::interval(shop.limits.recover_every);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(shop, clock::now_ms()).await {
            tracing::warn!(%error, "pending orders could not be read");
        }
        observe(shop).await;
    }
}

/// Ends pending orders that are overdue at `now_ms`, and returns how many.
pub async fn sweep(shop: &App, now_ms: i64) -> Result<usize> {
    let before = now_ms - millis(shop.limits.recover_after);
    let mut recovered = 0;
    for order in shop.store.overdue(before, BATCH).await? {
        match resolve(shop, &order).await {
            Ok(state) => {
                tracing::info!(order = order.id, state = state.as_str(), "recovered");
                recovered += 1;
            }
            Err(error) => tracing::warn!(order = order.id, %error, "not recovered yet"),
        }
    }
    Ok(recovered)
}

/// Goes on as payment remembers it. An order it never heard of is given up, and
/// payment told so: a late authorisation is refused then.
async fn resolve(shop: &App, order: &Order) -> Result<State> {
    if order.contents.is_some()
        && let Some(verdict) = shop.upstreams.verdict(&order.id).await?
    {
        fail_point("payment-remembered");
        return Ok(settle(shop, &order.id, verdict).await?.state);
    }
    let reason = "the order was interrupted";
    let now = clock::now_ms();
    if shop
        .store
        .abandon(&order.id, reason, Key::Freed, now)
        .await?
    {
        count(State::Cancelled);
        shop.outbox_ready.notify_one();
    }
    Ok(shop.store.get(&order.id).await?.state)
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 orders waiting")]
async fn observe(shop: &App) {
    if let Ok((pending, waiting)) = shop.store.backlog().await {
        gauge!("orders_pending").set(pending as f64);
        gauge!("outbox_depth").set(waiting as f64);
    }
}
