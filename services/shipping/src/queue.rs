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

/// Interval at which the gauges are updated.
const METRICS_INTERVAL: Duration = Duration::from_secs(2);

/// Number of updates per log line: one a minute, for platforms that read logs rather than
/// metrics.
const LOG_EVERY_N: u32 = 30;

/// Keeps the gauges up to date until the process closes.
pub async fn watch(store: Store, shutdown: Shutdown) {
    for look in (0..LOG_EVERY_N).cycle() {
        match store.queue(clock::now_ms()).await {
            Ok(queue) => {
                queue.show();
                if look == 0 {
                    queue.tell();
                }
            }
            Err(error) => tracing::warn!(%error, "cannot measure the queue"),
        }
        tokio::select! {
            () = tokio::time::sleep(METRICS_INTERVAL) => {}
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

    /// The line that `ecs/network.yaml` makes a metric of.
    fn tell(self) {
        let Self {
            depth,
            oldest_age_ms,
            stuck,
        } = self;
        tracing::info!(depth, oldest_age_ms, stuck, "queue measured");
    }
}

/// Counts shipments that have just been shipped: the drain rate.
pub fn shipped(count: u64) {
    counter!("shipments_shipped_total").increment(count);
}
