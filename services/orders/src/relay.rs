//! Telling the others what follows from an order: at least once each, in any
//! order. Those who are told know an order they have heard of before.

use std::time::Duration;

use chassis::fault::failpoint::{fail_point, mutant};
use chassis::{Result, clock};
use futures_util::StreamExt;
use futures_util::stream::iter;

use crate::app::{App, millis};
use crate::store::Message;

/// Claimed at once, at most.
const BATCH_SIZE: i64 = 64;

/// Maximum number of messages delivered at the same time.
const MAX_CONCURRENT_DELIVERIES: usize = 16;

/// Delay after the first failed delivery; doubled after each further one.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// Maximum delay between two attempts at a delivery.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Delivers what is due, woken by news and now and then by itself, for what
/// others left behind.
pub async fn run(shop: &App) {
    loop {
        match deliver(shop).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "the outbox could not be read"),
        }
        tokio::select! {
            () = shop.outbox_ready.notified() => {}
            () = tokio::time::sleep(shop.limits.relay_every) => {}
        }
    }
}

/// Delivers one batch and returns how many messages were claimed.
pub async fn deliver(shop: &App) -> Result<usize> {
    let now = clock::now_ms();
    let batch = shop
        .store
        .claim(now, now + millis(shop.limits.relay_lease), BATCH_SIZE)
        .await?;
    if batch.is_empty() {
        return Ok(0);
    }
    if mutant("relay-deletes-before-delivery") {
        shop.store.settle(&batch, &[]).await?;
    }
    fail_point("outbox-claimed");
    let claimed = batch.len();
    let mut outcomes = iter(batch)
        .map(async |message| (tell(shop, &message).await, message))
        .buffer_unordered(MAX_CONCURRENT_DELIVERIES);
    let (mut done, mut again) = (Vec::new(), Vec::new());
    while let Some((delivered, message)) = outcomes.next().await {
        if delivered {
            done.push(message);
        } else {
            let at = clock::now_ms() + millis(pause(message.attempts));
            again.push((message, at));
        }
    }
    fail_point("outbox-told");
    shop.store.settle(&done, &again).await?;
    Ok(claimed)
}

async fn tell(shop: &App, message: &Message) -> bool {
    let outcome = shop.upstreams.deliver(message).await;
    if let Err(error) = &outcome {
        tracing::warn!(order = message.order_id, kind = message.kind.as_str(),
            attempt = message.attempts, %error, "not delivered yet");
    }
    outcome.is_ok()
}

/// How long to wait after `attempts` tries.
fn pause(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(10);
    (RETRY_DELAY * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[test]
fn pauses_grow_and_end() {
    let pauses = [1, 2, 4, 100].map(pause);
    assert_eq!(
        pauses,
        [RETRY_DELAY, RETRY_DELAY * 2, RETRY_DELAY * 8, LONGEST_PAUSE],
        "{pauses:?}"
    );
}
