//! Being told to end.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Receives once for every time we are told to end.
pub(crate) type Told = mpsc::Receiver<()>;

/// Listens for Ctrl-C, SIGTERM and a closed terminal, and for the end of
/// standard input when asked to.
pub(crate) fn listen(end_with_stdin: bool) -> anyhow::Result<Told> {
    let (tell, told) = mpsc::channel(8);
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
    tokio::spawn(async move {
        if end_with_stdin {
            chassis::shutdown::stdin_closed().await;
            _ = tell.send(()).await;
        }
        // A sender must be left, or nobody would be told by silence.
        tell.closed().await;
    });
    Ok(told)
}
