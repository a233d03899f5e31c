//! Keeping one instance alive.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::board::InstanceTable;
use super::child::{self, Launcher, Running};
use super::plan::Instance;
use super::say;
use crate::probe;
use crate::state::Phase;

/// Looks after one instance.
pub(crate) struct InstanceSupervisor {
    /// How it is started.
    pub(crate) kit: Arc<Launcher>,
    /// Where others read how it is.
    pub(crate) board: Arc<InstanceTable>,
    /// Instance that is supervised.
    pub(crate) instance: Instance,
    /// Cancelled when it is to leave.
    pub(crate) leave: CancellationToken,
    /// Cancelled when nobody is left to call it.
    pub(crate) close: CancellationToken,
}

impl InstanceSupervisor {
    /// Starts the instance again whenever it dies, until told to stop.
    pub(crate) async fn keep(self) {
        let mut backoff = Backoff::default();
        loop {
            let begun = Instant::now();
            let Some(cause) = self.live().await else {
                break;
            };
            let pause = backoff.after(begun.elapsed());
            self.board.update(&self.instance, |entry| {
                entry.process = None;
                entry.state = Phase::Restarting;
                entry.restarts += 1;
            });
            let again = format!("{cause}, starts again in {} ms", pause.as_millis());
            say(&self.instance.name(), &again);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.leave.cancelled() => break,
            }
        }
        if self.close.is_cancelled() {
            self.board.update(&self.instance, |entry| {
                entry.process = None;
                entry.state = Phase::Stopped;
            });
        } else {
            say(&self.instance.name(), "left");
            self.board.remove(&self.instance.name());
        }
    }

    /// One life. Returns why it ended, nothing when it was told to.
    async fn live(&self) -> Option<String> {
        let mut running = match self.kit.start(&self.instance) {
            Ok(running) => running,
            Err(error) => return Some(format!("{error:#}")),
        };
        self.board.update(&self.instance, |entry| {
            entry.process = Some(running.process);
            entry.state = Phase::Starting;
        });
        tokio::select! {
            cause = self.serve(&mut running) => Some(cause),
            () = self.leave.cancelled() => {
                self.board.update(&self.instance, |entry| entry.state = Phase::Draining);
                running.drain(&self.close).await;
                None
            }
        }
    }

    async fn serve(&self, running: &mut Running) -> String {
        let begun = Instant::now();
        let url = match child::readiness(&self.instance) {
            Ok(url) => url,
            Err(error) => return format!("{error:#}"),
        };
        tokio::select! {
            ended = running.wait() => return describe(ended),
            () = probe::until_ready(&url) => {}
        }
        self.board.update(&self.instance, |entry| {
            if entry.served {
                let took = begun.elapsed().as_millis();
                say(&entry.instance, &format!("serves again after {took} ms"));
            }
            entry.state = Phase::Serving;
            entry.served = true;
        });
        describe(running.wait().await)
    }
}

fn describe(ended: std::io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => format!("ended ({status})"),
        Err(error) => format!("was lost: {error}"),
    }
}
