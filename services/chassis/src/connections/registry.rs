//! All connections of a listener, and the limits they share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::connection::{Connection, Order};
use super::limits::Limits;
use super::metrics::{self, CloseReason};

/// What surplus connections are told.
const REJECTION: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain\r\ncontent-length: 49\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    too many connections: please try again in a bit.\n";

/// Rejected connections that are given the time to read why.
const MAX_REJECTING: usize = 1024;

/// How long that is.
const REJECT_TIMEOUT: Duration = Duration::from_secs(1);

/// An idle connection keeps its buffers that long in any case.
const MIN_PARK_DELAY: Duration = Duration::from_millis(50);

/// Registry of the open connections of a server.
pub(super) struct Registry {
    limits: Limits,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicUsize,
    active: AtomicUsize,
    rejected: AtomicUsize,
    rejecting: Arc<Semaphore>,
}

impl Registry {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: Mutex::default(),
            next: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
            rejecting: Arc::new(Semaphore::new(MAX_REJECTING)),
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, in the place of the one that has waited longest for
    /// its peer when there are too many; `None` when all are being served.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Admitted> {
        let is_full = self.connections().len() >= self.limits.max_connections;
        if is_full && !self.evict() {
            return None;
        }
        let connection = Arc::new(Connection::new());
        let id = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        self.connections().insert(id, connection.clone());
        metrics::opened(1.0);
        Some(Admitted {
            registry: self.clone(),
            id,
            connection,
        })
    }

    /// Closes the connection that has waited longest for its peer, if one waits.
    pub(super) fn evict(&self) -> bool {
        self.close_longest(|_| true)
    }

    /// Takes the buffers of the connection that has waited longest for its peer: one
    /// that is idle stays open without.
    fn free_buffers(&self) -> bool {
        let connections = self.connections();
        let waiting = longest(&connections, Connection::holds_buffers);
        let idle = waiting.and_then(|id| connections.get(&id).filter(|one| one.can_park()));
        if let Some(idle) = idle {
            idle.tell(Order::Park);
            return true;
        }
        drop(connections);
        self.close_longest(Connection::holds_buffers)
    }

    /// Takes the buffers of the connection that has been idle longest, unless it may
    /// just be between two requests.
    fn park_idle(&self) {
        let connections = self.connections();
        let idle = longest(&connections, |one| one.holds_buffers() && one.can_park());
        let Some(idle) = idle.and_then(|id| connections.get(&id)) else {
            return;
        };
        let waited = idle.waiting_since().map(|since| since.elapsed());
        if waited.is_some_and(|waited| waited >= MIN_PARK_DELAY) {
            idle.tell(Order::Park);
        }
    }

    fn close_longest(&self, may: impl Fn(&Connection) -> bool) -> bool {
        let mut connections = self.connections();
        let waiting = longest(&connections, may);
        let Some(connection) = waiting.and_then(|id| connections.remove(&id)) else {
            return false;
        };
        connection.tell(Order::Close);
        metrics::closed(CloseReason::Pressure);
        true
    }

    /// Tells a connection that there is no room for it, and closes it.
    pub(super) fn reject(&self, mut stream: TcpStream) {
        metrics::rejected();
        self.rejected.fetch_add(1, Ordering::Relaxed);
        let Ok(permit) = self.rejecting.clone().try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            _ = tokio::time::timeout(REJECT_TIMEOUT, async {
                stream.write_all(REJECTION).await?;
                stream.shutdown().await?;
                // What is left unread when it closes would take the answer back.
                let mut unread = [0; 1024];
                while stream.read(&mut unread).await? > 0 {}
                std::io::Result::Ok(())
            })
            .await;
            drop(permit);
        });
    }

    /// Enforces the time-outs, for ever.
    pub(super) async fn enforce(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.limits.sweep_interval);
        loop {
            ticks.tick().await;
            self.sweep(Instant::now());
            let rejected = self.rejected.swap(0, Ordering::Relaxed);
            if rejected > 0 {
                let open = self.connections().len();
                tracing::warn!(rejected, open, "too many connections");
            }
        }
    }

    fn sweep(&self, now: Instant) {
        let mut head_bytes = 0;
        for connection in self.connections().values() {
            head_bytes += connection.head_bytes();
            if let Some((order, reason)) = connection.due(now, &self.limits) {
                connection.tell(order);
                if order == Order::Close {
                    metrics::closed(reason);
                }
            }
        }
        while head_bytes > self.limits.max_head_bytes {
            let largest = |connection: &Connection| connection.head_bytes() > 0;
            if !self.close_longest(largest) {
                break;
            }
            let connections = self.connections();
            head_bytes = connections.values().map(|one| one.head_bytes()).sum();
        }
    }
}

/// The connection that has waited longest for its peer, of those that `may` go.
fn longest(
    connections: &HashMap<u64, Arc<Connection>>,
    may: impl Fn(&Connection) -> bool,
) -> Option<u64> {
    let waiting = connections.iter().filter_map(|(id, connection)| {
        let since = connection.waiting_since()?;
        may(connection).then_some((since, *id))
    });
    waiting.min().map(|(_, id)| id)
}

/// The place of a connection among the others, given up when dropped.
pub(super) struct Admitted {
    registry: Arc<Registry>,
    id: u64,
    connection: Arc<Connection>,
}

impl Admitted {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.registry.limits
    }

    /// Makes room for buffers, in the place of the connection that has waited longest
    /// for its peer when there are too many; `None` when all are being served.
    pub(super) fn activate(&self) -> Option<Active<'_>> {
        let active = self.registry.active.load(Ordering::Relaxed);
        let is_full = active >= self.limits().max_active;
        if is_full && !self.registry.free_buffers() {
            return None;
        }
        if !is_full && active >= self.limits().max_idle_active {
            self.registry.park_idle();
        }
        self.registry.active.fetch_add(1, Ordering::Relaxed);
        self.connection.set_active(true);
        Some(Active(self))
    }

    /// Rejects a connection, as [`Registry::reject`] does.
    pub(super) fn reject(&self, stream: TcpStream) {
        self.registry.reject(stream);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.registry.connections().remove(&self.id);
        metrics::opened(-1.0);
    }
}

/// The right to hold buffers, given up when dropped.
pub(super) struct Active<'a>(&'a Admitted);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.connection.set_active(false);
        self.0.registry.active.fetch_sub(1, Ordering::Relaxed);
    }
}
