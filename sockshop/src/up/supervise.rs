//! Keeping a shop open: every instance alive, until told to end.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::board::Board;
use super::child::{self, Kit, Running};
use super::options::Options;
use super::plan::Instance;
use super::{detach, say, signals, welcome};
use crate::service::Service;
use crate::state::Phase;
use crate::{logs, probe};

/// Opens a shop of these `instances` and keeps it open until told to end.
pub(crate) async fn run(
    kit: Kit,
    instances: Vec<Instance>,
    options: &Options,
) -> anyhow::Result<()> {
    let mut told = signals::listen(options.end_with_stdin)?;
    let folder = kit.folder.clone();
    let url = format!("http://127.0.0.1:{}", options.port);
    let board = Arc::new(Board::new(folder.clone(), url, &instances)?);
    let mut shop = Shop::open(kit, &board, instances);
    tokio::select! {
        served = board.all_served() => if let Err(name) = served {
            shop.close().await;
            let words = logs::last_words(&folder.log(&name));
            bail!("{name} does not start: {words}");
        },
        () = told.once() => return shop.end(&mut told).await,
    }
    board.change(|state| state.ready = true);
    welcome(&board.read());
    if options.background {
        detach::close_output(&folder)?;
    }
    told.once().await;
    shop.end(&mut told).await
}

/// The tasks that look after one instance each.
struct Shop {
    front: JoinSet<()>,
    back: JoinSet<()>,
    close_front: CancellationToken,
    close_back: CancellationToken,
}

impl Shop {
    fn open(kit: Kit, board: &Arc<Board>, instances: Vec<Instance>) -> Self {
        let kit = Arc::new(kit);
        let mut shop = Self {
            front: JoinSet::new(),
            back: JoinSet::new(),
            close_front: CancellationToken::new(),
            close_back: CancellationToken::new(),
        };
        for instance in instances {
            let (tasks, close) = match instance.service {
                Service::FrontEnd => (&mut shop.front, &shop.close_front),
                _ => (&mut shop.back, &shop.close_back),
            };
            let keeper = Keeper {
                kit: kit.clone(),
                board: board.clone(),
                instance,
                stop: close.clone(),
            };
            tasks.spawn(keeper.keep());
        }
        shop
    }

    /// Lets visitors leave before the rooms behind the shop go dark.
    async fn close(&mut self) {
        self.close_front.cancel();
        while self.front.join_next().await.is_some() {}
        self.close_back.cancel();
        while self.back.join_next().await.is_some() {}
    }

    /// Closes; being told a second time kills what is left.
    async fn end(mut self, told: &mut signals::Told) -> anyhow::Result<()> {
        say("sockshop", "closing the shop");
        tokio::select! {
            () = self.close() => {}
            () = told.again() => {
                self.front.shutdown().await;
                self.back.shutdown().await;
                bail!("told twice to end: what was left was killed");
            }
        }
        say("sockshop", "closed");
        Ok(())
    }
}

/// Looks after one instance.
struct Keeper {
    kit: Arc<Kit>,
    board: Arc<Board>,
    instance: Instance,
    stop: CancellationToken,
}

impl Keeper {
    /// Starts the instance again whenever it dies, until told to stop.
    async fn keep(self) {
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
                () = self.stop.cancelled() => break,
            }
        }
        self.board.update(&self.instance, |entry| {
            entry.process = None;
            entry.state = Phase::Stopped;
        });
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
            () = self.stop.cancelled() => {
                self.board.update(&self.instance, |entry| entry.state = Phase::Draining);
                running.drain().await;
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
