//! Keeping a shop open: every instance alive, until told to end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::board::InstanceTable;
use super::child::Launcher;
use super::keeper::InstanceSupervisor;
use super::options::Options;
use super::plan::{self, Door, Instance, InstanceSpec};
use super::proxy::{Listeners, Surroundings};
use super::space::AddressReservation;
use super::{desired, detach, mesh, say, signals, welcome};
use crate::data_dir::DataDir;
use crate::health::own;
use crate::logs;
use crate::service::Service;

/// Time limit for a service to become ready, on any machine.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Visitors who do not leave by then are shown out.
const LAST_VISITORS: Duration = Duration::from_secs(1);

/// Where a shop is.
pub(crate) struct UpConfig {
    /// How its processes are started.
    pub(crate) kit: Launcher,
    /// Address of the public port.
    pub(crate) door: Door,
    /// The ports of that.
    pub(crate) room: Listeners,
    /// What it knows of its surroundings.
    pub(crate) around: Surroundings,
    /// Reservation of the shop's addresses.
    pub(crate) claim: AddressReservation,
}

/// Opens a shop around these `nodes` of its mesh, and keeps it open until told
/// to end.
pub(crate) async fn run(
    site: UpConfig,
    nodes: Vec<Instance>,
    options: &Options,
) -> anyhow::Result<()> {
    let mut told = signals::listen(options.end_with_stdin)?;
    let folder = site.kit.folder.clone();
    let url = format!("http://{}", own(options.bind, options.port));
    let board = Arc::new(InstanceTable::new(folder.clone(), url)?);
    let _rewriting = AbortOnDropHandle::new(tokio::spawn({
        let board = board.clone();
        async move { board.keep_written().await }
    }));
    let dns: Vec<_> = nodes.iter().filter_map(Instance::dns).collect();
    let around_door = site.around.clone();
    let (mut shop, room) = Shop::new(site, &board);
    let opened = tokio::select! {
        opened = tokio::time::timeout(READY_TIMEOUT, shop.open(nodes)) => opened.unwrap_or(Ok(false)),
        () = told.once() => return shop.end(&mut told).await,
    };
    if !matches!(opened, Ok(true)) {
        let name = board.laggard();
        shop.close().await;
        opened?;
        let cause = logs::cause(&folder.log(&name));
        bail!("{name} does not start: {cause}");
    }
    let around = (around_door, shop.shut.clone());
    shop.entrance = Some(room.open(&dns, &board, around)?);
    board.change(|state| state.ready = true);
    welcome(&board.read());
    if options.background {
        detach::close_output(&folder)?;
    }
    while !told.ends().await {
        if let Err(error) = shop.change(&folder) {
            say("sockshop", &format!("{error:#}"));
        }
    }
    shop.end(&mut told).await
}

/// Instances that end at the same time.
#[derive(Default)]
struct Group {
    keepers: JoinSet<()>,
    close: CancellationToken,
}

/// A shop that runs.
struct Shop {
    kit: Arc<Launcher>,
    door: Door,
    claim: AddressReservation,
    board: Arc<InstanceTable>,
    /// In the order they close: those who call others before those they call.
    groups: [Group; 3],
    present: Vec<(InstanceSpec, CancellationToken)>,
    /// Nobody comes in any more.
    shut: CancellationToken,
    entrance: Option<JoinHandle<()>>,
}

/// Which of the groups instances of `service` belong to.
fn group(service: Service) -> usize {
    match service {
        Service::FrontEnd => 0,
        Service::Meshd => 2,
        _ => 1,
    }
}

impl Shop {
    fn new(site: UpConfig, board: &Arc<InstanceTable>) -> (Self, Listeners) {
        let shop = Self {
            kit: Arc::new(site.kit),
            door: site.door,
            claim: site.claim,
            board: board.clone(),
            groups: Default::default(),
            present: Vec::new(),
            shut: CancellationToken::new(),
            entrance: None,
        };
        (shop, site.room)
    }

    /// Starts the mesh, then everybody else at once. Returns whether all serve
    /// and can be found.
    async fn open(&mut self, nodes: Vec<Instance>) -> anyhow::Result<bool> {
        let folder = self.kit.folder.clone();
        self.start(nodes);
        if self.board.all_served().await.is_err() {
            return Ok(false);
        }
        self.change(&folder)?;
        if self.board.all_served().await.is_err() {
            return Ok(false);
        }
        mesh::until_known(&self.board.read().instances).await;
        Ok(true)
    }

    /// Makes the shop what is wanted now.
    fn change(&mut self, folder: &DataDir) -> anyhow::Result<()> {
        let wanted = desired::now(folder)?;
        self.present
            .retain(|(seat, _)| self.board.has(&seat.name()));
        let of_shop = self
            .present
            .iter()
            .filter(|(seat, _)| seat.service != Service::Meshd);
        let (leaving, stay): (Vec<_>, Vec<_>) = of_shop
            .cloned()
            .partition(|(_, leave)| leave.is_cancelled());
        let seats = |some: Vec<(InstanceSpec, _)>| some.into_iter().map(|(seat, _)| seat).collect();
        let (stay, leaving): (Vec<_>, Vec<_>) = (seats(stay), seats(leaving));
        let changes = plan::changes(&stay, &leaving, &wanted);
        for (seat, leave) in &self.present {
            if changes.leave.contains(&seat.name()) {
                leave.cancel();
            }
        }
        let space = self.claim.space(&changes.come)?;
        self.start(plan::place(changes.come, self.door, &space));
        Ok(())
    }

    fn start(&mut self, instances: Vec<Instance>) {
        self.board.add(&instances);
        for instance in instances {
            let group = &mut self.groups[group(instance.seat.service)];
            let leave = group.close.child_token();
            self.present.push((instance.seat.clone(), leave.clone()));
            let keeper = InstanceSupervisor {
                kit: self.kit.clone(),
                board: self.board.clone(),
                instance,
                leave,
                close: group.close.clone(),
            };
            group.keepers.spawn(keeper.keep());
        }
    }

    /// Lets visitors leave before the rooms behind the shop go dark.
    async fn close(&mut self) {
        self.shut.cancel();
        for group in &mut self.groups {
            group.close.cancel();
            while group.keepers.join_next().await.is_some() {}
            // The front-ends have given their last answers.
            if let Some(entrance) = self.entrance.take() {
                drop(tokio::time::timeout(LAST_VISITORS, entrance).await);
            }
        }
    }

    /// Closes; being told a second time kills what is left.
    async fn end(mut self, told: &mut signals::StopSignal) -> anyhow::Result<()> {
        say("sockshop", "closing the shop");
        tokio::select! {
            () = self.close() => {}
            () = told.again() => {
                for group in &mut self.groups {
                    group.keepers.shutdown().await;
                }
                bail!("told twice to end: what was left was killed");
            }
        }
        say("sockshop", "closed");
        Ok(())
    }
}
