//! Nodes to begin with that are known by name only.
//!
//! A platform's DNS has a name once a node behind it is healthy: not yet when the
//! first nodes start, and later with more addresses. So it is asked again and again.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often names are asked for.
const SEEK: Duration = Duration::from_secs(1);

/// Looks names up until it is dropped.
pub(super) struct Seeds {
    found: Receiver<BTreeSet<SocketAddr>>,
    _task: JoinSet<()>,
}

impl Seeds {
    /// Looks for the addresses of `names`, each host:port.
    pub(super) fn new(names: Vec<String>) -> Self {
        let (tell, found) = channel(1);
        let mut task = JoinSet::new();
        if !names.is_empty() {
            task.spawn(seek(names, tell));
        }
        Self { found, _task: task }
    }

    /// What the names lead to now, whenever that was looked up; nothing ever
    /// where there are no names.
    pub(super) async fn found(&mut self) -> Option<BTreeSet<SocketAddr>> {
        self.found.recv().await
    }
}

async fn seek(names: Vec<String>, tell: Sender<BTreeSet<SocketAddr>>) {
    loop {
        let mut found = BTreeSet::new();
        for name in &names {
            match tokio::net::lookup_host(name).await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => tracing::debug!(name, %error, "seed not resolved"),
            }
        }
        if tell.send(found).await.is_err() {
            return;
        }
        sleep(SEEK).await;
    }
}
