//! How much waits, for those who scale workers and those who are paged.

use std::time::Duration;

use chassis::{Shutdown, clock};
use metrics::{counter, gauge};

use crate::Store;

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Shipments that are neither shipped nor stuck.
    pub depth: i64,
    /// Age of the oldest of them in milliseconds; 0 when there is none.
    pub oldest_age_ms: i64,
    /// Shipments that failed too often.
    pub stuck: i64,
}

/// How often the gauges follow.
const EVERY: Duration = Duration::from_secs(2);

/// Keeps the gauges up to date until the process closes.
pub async fn watch(store: Store, shutdown: Shutdown) {
    loop {
        match store.queue(clock::now_ms()).await {
            Ok(queue) => queue.show(),
            Err(error) => tracing::warn!(%error, "cannot measure the queue"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.closing() => return,
        }
    }
}

impl Queue {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    fn show(self) {
        gauge!("shipping_queue_depth").set(self.depth as f64);
        gauge!("shipping_queue_oldest_age_seconds").set(self.oldest_age_ms as f64 / 1000.0);
        gauge!("shipping_queue_stuck").set(self.stuck as f64);
        shipped(0);
    }
}

/// Counts shipments that have just been shipped: the drain rate.
pub fn shipped(count: u64) {
    counter!("shipments_shipped_total").increment(count);
}
