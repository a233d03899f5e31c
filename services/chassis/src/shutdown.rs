//! From serving to gone: draining, then closing, then the end.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
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

    /// Cancelled once the drain window is over.
    pub(crate) fn closing_token(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Begins to drain, and closes after `window`.
    pub async fn drain(&self, window: Duration) {
        self.draining.cancel();
        tokio::time::sleep(window).await;
        self.closing.cancel();
    }

    /// Waits to be told to end, by a signal or by the end of standard input, and
    /// drains for `window`. Told in both ways, nobody is left who could call, and
    /// the window is over; a second signal ends the process at once.
    pub(crate) async fn on(&self, mut signals: Signals, window: Duration, end_with_stdin: bool) {
        let closed = stdin_closed();
        tokio::pin!(closed);
        let by_signal = tokio::select! {
            () = signals.next() => true,
            () = &mut closed, if end_with_stdin => false,
        };
        tracing::info!(window_ms = window.as_millis(), "draining");
        tokio::select! {
            biased;
            () = self.drain(window) => {}
            () = &mut closed, if end_with_stdin && by_signal => {}
            () = signals.next() => if by_signal { self.at_once() },
        }
        self.closing.cancel();
        tokio::spawn(async move {
            signals.next().await;
            tracing::warn!("told twice to end: ending at once");
            std::process::exit(1);
        });
    }

    fn at_once(&self) {
        tracing::warn!("told twice to end: ending at once");
        self.closing.cancel();
        std::process::exit(1);
    }
}

/// What a process is told to end by.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on: until then a signal ends the process on the spot,
    /// so this comes before the first request can.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
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
