//! Being told to end, or to look at what is wanted.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Hears whoever tells us something.
pub(crate) struct StopSignal {
    signals: mpsc::Receiver<()>,
    wishes: Signal,
    stdin_closed: CancellationToken,
}

/// Listens for Ctrl-C, SIGTERM and a closed terminal, and for the end of
/// standard input when asked to. A closed terminal that whoever started us has us
/// ignore (`nohup`) stays ignored. SIGUSR1 says that `wanted.json` has changed.
pub(crate) fn listen(end_with_stdin: bool) -> anyhow::Result<StopSignal> {
    let (tell, signals) = mpsc::channel(8);
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !is_ignored(SignalKind::hangup()) {
        kinds.push(SignalKind::hangup());
    }
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
    Ok(StopSignal {
        signals,
        wishes: signal(SignalKind::user_defined1())?,
        stdin_closed,
    })
}

impl StopSignal {
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

/// Whether this process was started with `kind` ignored, as far as the system
/// tells (`SigIgn` of `/proc/self/status`, proc(5)).
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status, kind.as_raw_value())
}

fn ignored(status: &str, signal: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn ignored_signals_are_read_from_their_mask() {
        let status = "Name:\tsockshop\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert!(ignored(status, 1) && ignored(status, 13));
        assert!(!ignored(status, 2) && !ignored("", 1));
    }
}
