//! Queue depth and age, for autoscaling and alerts.

use std::time::Duration;

use chassis::{Shutdown, clock};
use metrics::{counter, gauge};

use crate::Store;

/// Statistics of the shipping queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Number of shipments that wait or are in progress.
    pub depth: i64,
    /// Age of the oldest of these shipments in milliseconds; 0 when there is none.
    pub oldest_age_ms: i64,
    /// Number of shipments that exhausted their attempts.
    pub stuck: i64,
}

/// Interval between measurements of the queue.
const MEASURE_INTERVAL: Duration = Duration::from_secs(2);

/// Measurements per log line: one line a minute, for platforms that derive metrics from logs.
const MEASUREMENTS_PER_LOG: u32 = 30;

/// Measures the queue periodically and records the gauges, until shutdown.
pub async fn watch(store: Store, shutdown: Shutdown) {
    for n in (0..MEASUREMENTS_PER_LOG).cycle() {
        match store.queue_stats(clock::now_ms()).await {
            Ok(stats) => {
                stats.record_gauges();
                if n == 0 {
                    stats.log();
                }
            }
            Err(error) => tracing::warn!(%error, "cannot measure the queue"),
        }
        tokio::select! {
            () = tokio::time::sleep(MEASURE_INTERVAL) => {}
            () = shutdown.closing() => return,
        }
    }
}

impl QueueStats {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    fn record_gauges(self) {
        gauge!("shipping_queue_depth").set(self.depth as f64);
        gauge!("shipping_queue_oldest_age_seconds").set(self.oldest_age_ms as f64 / 1000.0);
        gauge!("shipping_queue_stuck").set(self.stuck as f64);
        count_shipped(0);
    }

    /// Logs the statistics; `ecs/network.yaml` derives a metric from this line.
    fn log(self) {
        let Self {
            depth,
            oldest_age_ms,
            stuck,
        } = self;
        tracing::info!(depth, oldest_age_ms, stuck, "queue measured");
    }
}

/// Increments the counter of shipped shipments: the drain rate of the queue.
pub fn count_shipped(count: u64) {
    counter!("shipments_shipped_total").increment(count);
}
