//! From serving to gone: draining, then closing, then the end.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells every part of a process how far its end has come. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    closing: CancellationToken,
}

impl Shutdown {
    /// Whether others are being asked to stop calling.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Returns once draining has begun: long streams should end now.
    pub async fn draining(&self) {
        self.draining.cancelled().await;
    }

    /// Returns once the drain window is over: workers should stop now.
    pub async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Begins to drain, and closes after `window`.
    pub async fn drain(&self, window: Duration) {
        self.draining.cancel();
        tokio::time::sleep(window).await;
        self.closing.cancel();
    }

    /// Waits for the first signal to end, drains for `window`; a second signal
    /// ends the process at once.
    pub(crate) async fn on_signal(
        &self,
        window: Duration,
        end_with_stdin: bool,
    ) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin_closed(), if end_with_stdin => {}
        }
        tracing::info!(window_ms = window.as_millis(), "draining");
        tokio::select! {
            () = self.drain(window) => {}
            _ = terminate.recv() => self.at_once(),
            _ = interrupt.recv() => self.at_once(),
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("told twice to end: ending at once");
            std::process::exit(1);
        });
        Ok(())
    }

    fn at_once(&self) {
        tracing::warn!("told twice to end: ending at once");
        self.closing.cancel();
        std::process::exit(1);
    }
}

/// Returns once standard input is closed.
///
/// The reading thread is nobody's to join: the runtime must be able to end
/// while the other end of a pipe stays open.
pub async fn stdin_closed() {
    let (closed, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(closed);
    });
    _ = told.await;
}
