//! Lease loop of a worker: fills the free slots and backs off while the queue is empty.

use std::sync::Arc;
use std::time::Duration;

use chassis::Shutdown;
use chassis::fault::failpoint::fail_point;
use metrics::gauge;
use proto::shipping::{Lease, LeaseShipmentsRequest};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Shipping, WorkerSettings};

/// Poll interval after shipments were leased, so that the next lease is a batch.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum poll interval while the queue is empty.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum number of shipments per lease; shipping has the same limit.
const MAX_LEASE_BATCH: usize = 100;

/// Worker with a fixed number of slots, shared by its clones.
#[derive(Clone)]
pub struct Worker {
    pub(super) shipping: Shipping,
    pub(super) settings: WorkerSettings,
    name: Arc<str>,
    slots: Arc<Semaphore>,
}

impl Worker {
    /// Creates a worker with `name`.
    #[must_use]
    pub fn new(shipping: Shipping, name: String, settings: WorkerSettings) -> Self {
        Self {
            shipping,
            settings,
            name: name.into(),
            slots: Arc::new(Semaphore::new(settings.max_in_flight as usize)),
        }
    }

    /// Leases and ships until draining begins, then finishes the shipments in progress.
    pub async fn run(self, shutdown: Shutdown) {
        let mut tasks = JoinSet::new();
        let mut interval = MIN_POLL_INTERVAL;
        while !shutdown.is_draining() {
            let leases = self.lease().await;
            interval = if leases.is_empty() {
                (interval * 2).min(MAX_POLL_INTERVAL)
            } else {
                MIN_POLL_INTERVAL
            };
            if !leases.is_empty() {
                fail_point("worker-leased");
            }
            for lease in leases {
                self.start(lease, &mut tasks, &shutdown).await;
            }
            while tasks.try_join_next().is_some() {}
            gauge!("shipments_in_hand").set(u32::try_from(tasks.len()).unwrap_or(u32::MAX));
            tokio::select! {
                () = self.wait_for_slot(interval) => {}
                () = shutdown.draining() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Leases shipments for the free slots; returns none when shipping is unavailable.
    async fn lease(&self) -> Vec<Lease> {
        let max = self.slots.available_permits().min(MAX_LEASE_BATCH);
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
        let Ok(slot) = self.slots.clone().acquire_owned().await else {
            return; // the semaphore is never closed
        };
        let (worker, shutdown) = (self.clone(), shutdown.clone());
        tasks.spawn(async move {
            worker.process(lease, &shutdown).await;
            drop(slot);
        });
    }

    /// Waits for `interval` and until a slot is free.
    async fn wait_for_slot(&self, interval: Duration) {
        tokio::time::sleep(interval).await;
        drop(self.slots.acquire().await);
    }
}
