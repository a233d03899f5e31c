//! Being told to end, or to look at what is wanted.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Hears whoever tells us something.
pub(crate) struct Told {
    signals: mpsc::Receiver<()>,
    wishes: Signal,
    stdin_closed: CancellationToken,
}

/// Listens for Ctrl-C, SIGTERM and a closed terminal, and for the end of
/// standard input when asked to. SIGUSR1 says that `wanted.json` has changed.
pub(crate) fn listen(end_with_stdin: bool) -> anyhow::Result<Told> {
    let (tell, signals) = mpsc::channel(8);
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    for kind in kinds {
        let mut signal = signal(kind)?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while signal.recv().await.is_some() && tell.send(()).await.is_ok() {}
        });
    }
    let stdin_closed = CancellationToken::new();
    if end_with_stdin {
        let closed = stdin_closed.clone();
        tokio::spawn(async move {
            chassis::shutdown::stdin_closed().await;
            closed.cancel();
        });
    }
    Ok(Told {
        signals,
        wishes: signal(SignalKind::user_defined1())?,
        stdin_closed,
    })
}

impl Told {
    /// Returns true once we are told to end, and false when something else is
    /// wanted before that.
    pub(crate) async fn ends(&mut self) -> bool {
        tokio::select! {
            _ = self.signals.recv() => true,
            () = self.stdin_closed.cancelled() => true,
            _ = self.wishes.recv() => false,
        }
    }

    /// Returns once we are told to end.
    pub(crate) async fn once(&mut self) {
        tokio::select! {
            _ = self.signals.recv() => {}
            () = self.stdin_closed.cancelled() => {}
        }
    }

    /// Returns once somebody who has told us before grows impatient.
    pub(crate) async fn again(&mut self) {
        self.signals.recv().await;
    }
}
