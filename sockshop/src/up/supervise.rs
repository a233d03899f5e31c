//! Keeping a shop open: every instance alive, until told to end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::child::Kit;
use super::keeper::Keeper;
use super::options::Options;
use super::plan::Instance;
use super::{detach, say, signals, welcome};
use crate::logs;
use crate::service::Service;

/// Longer than any service takes to become ready, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

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
        served = tokio::time::timeout(PATIENCE, board.all_served()) => {
            if !matches!(served, Ok(Ok(()))) {
                let name = board.laggard();
                shop.close().await;
                let words = logs::last_words(&folder.log(&name));
                bail!("{name} does not start: {words}");
            }
        }
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
