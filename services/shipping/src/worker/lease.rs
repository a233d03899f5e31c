//! Taking work: as much as there are hands free, and gently when there is none.

use std::sync::Arc;
use std::time::Duration;

use chassis::Shutdown;
use chassis::sabotage::crash_point;
use metrics::gauge;
use proto::shipping::{Lease, LeaseShipmentsRequest};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Pace, Shipping};

/// Interval between two leases while there is work, so that a lease is a batch rather than one
/// shipment.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum interval between two leases while there is no work.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Shipping never leases more at once.
const BATCH: usize = 100;

/// Somebody who packs. Clones are the same one.
#[derive(Clone)]
pub struct Worker {
    pub(super) shipping: Shipping,
    pub(super) pace: Pace,
    name: Arc<str>,
    hands: Arc<Semaphore>,
}

impl Worker {
    /// A worker called `name`.
    #[must_use]
    pub fn new(shipping: Shipping, name: String, pace: Pace) -> Self {
        Self {
            shipping,
            pace,
            name: name.into(),
            hands: Arc::new(Semaphore::new(pace.max_in_flight as usize)),
        }
    }

    /// Leases and ships until draining begins, then until nothing is left in hand.
    pub async fn work(self, shutdown: Shutdown) {
        let mut tasks = JoinSet::new();
        let mut pause = MIN_POLL_INTERVAL;
        while !shutdown.is_draining() {
            let leases = self.lease().await;
            pause = if leases.is_empty() {
                (pause * 2).min(MAX_POLL_INTERVAL)
            } else {
                MIN_POLL_INTERVAL
            };
            if !leases.is_empty() {
                crash_point("worker-leased");
            }
            for lease in leases {
                self.start(lease, &mut tasks, &shutdown).await;
            }
            while tasks.try_join_next().is_some() {}
            gauge!("shipments_in_hand").set(u32::try_from(tasks.len()).unwrap_or(u32::MAX));
            tokio::select! {
                () = self.rest(pause) => {}
                () = shutdown.draining() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Leases as much as there are hands free; nothing when shipping does not answer.
    async fn lease(&self) -> Vec<Lease> {
        let max = self.hands.available_permits().min(BATCH);
        let request = LeaseShipmentsRequest {
            worker: self.name.to_string(),
            max: u32::try_from(max).unwrap_or_default(),
        };
        match self.shipping.clone().lease_shipments(request).await {
            Ok(answer) => answer.into_inner().leases,
            Err(status) => {
                tracing::warn!(code = ?status.code(), cause = status.message(), "cannot lease shipments");
                Vec::new()
            }
        }
    }

    async fn start(&self, lease: Lease, tasks: &mut JoinSet<()>, shutdown: &Shutdown) {
        let Ok(hand) = self.hands.clone().acquire_owned().await else {
            return; // the semaphore is never closed
        };
        let (worker, shutdown) = (self.clone(), shutdown.clone());
        tasks.spawn(async move {
            worker.see_through(lease, &shutdown).await;
            drop(hand);
        });
    }

    /// Returns after `pause`, and not before a hand is free.
    async fn rest(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
        drop(self.hands.acquire().await);
    }
}
