//! Connections to a listener: accepted, served within [`Limits`], and closed.
//!
//! Each connection knows whose turn it is: ours while a handler works, the peer's
//! while a head, a body or the reading of an answer is awaited. A peer that lets
//! its turn run out is cut off, and where connections become too many the one that
//! has waited longest for its peer goes first.

mod body;
mod connection;
mod limits;
mod metrics;
mod registry;
mod service;
mod stream;
mod task;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use limits::{Limits, raise_open_file_limit};
use registry::Registry;
use service::App;

/// Pause of a listener that cannot accept, usually for want of open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Serves `app` on `listener` until `close`, then finishes the requests in flight.
///
/// Requests carry the peer's address as [`ConnectInfo`](axum::extract::ConnectInfo).
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, close: CancellationToken) {
    let registry = Arc::new(Registry::new(limits));
    let tasks = TaskTracker::new();
    let enforcing = tokio::spawn(registry.clone().enforce());
    loop {
        let accepted = tokio::select! {
            () = close.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small gRPC frames must not wait for a full packet.
                _ = stream.set_nodelay(true);
                match registry.admit() {
                    Some(admitted) => {
                        let app = App::new(app.clone(), peer, admitted.connection());
                        tasks.spawn(task::run(stream, admitted, app, close.clone()));
                    }
                    None => registry.reject(stream),
                }
            }
            // The peer was gone before it was accepted.
            Err(error) if error.raw_os_error().is_none() => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                registry.evict();
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
    enforcing.abort();
}

#[cfg(test)]
mod tests;
