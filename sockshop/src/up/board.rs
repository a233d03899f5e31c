//! The supervisor's view of its instances, shared with other processes.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::plan::Instance;
use super::say;
use crate::data_dir::DataDir;
use crate::process::Process;
use crate::state::{Entry, Phase, State};

/// Who died this often without ever serving will not serve at all.
const HOPELESS: u32 = 3;

/// An instance that will never serve.
pub(crate) struct CrashLoop;

/// Holds the shop's [`State`], on paper too.
pub(crate) struct InstanceTable {
    folder: DataDir,
    state: watch::Sender<State>,
    /// Asks for another attempt to write the state, after one failed.
    unwritten: Notify,
}

/// The pause before the state is written again after that failed.
const REWRITE_INTERVAL: Duration = Duration::from_secs(1);

impl InstanceTable {
    /// A board with nobody on it yet.
    pub(crate) fn new(folder: DataDir, url: String) -> anyhow::Result<Self> {
        let state = State {
            supervisor: Process::this(),
            url,
            ready: false,
            instances: Vec::new(),
        };
        state.write(&folder)?;
        Ok(Self {
            folder,
            state: watch::Sender::new(state),
            unwritten: Notify::new(),
        })
    }

    /// What it says now.
    pub(crate) fn read(&self) -> State {
        self.state.borrow().clone()
    }

    /// Changes the shop's state, here and on paper.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
        if let Err(error) = self.state.borrow().write(&self.folder) {
            say(
                "sockshop",
                &format!("{error:#}: `sockshop status` shows what was before"),
            );
            self.unwritten.notify_one();
        }
    }

    /// Writes the state again whenever that has failed, until it succeeds.
    pub(crate) async fn keep_written(&self) {
        loop {
            self.unwritten.notified().await;
            loop {
                tokio::time::sleep(REWRITE_INTERVAL).await;
                let state = self.read();
                if state.write(&self.folder).is_ok() {
                    break;
                }
            }
            say("sockshop", "state.json is written again");
        }
    }

    /// Puts instances that are about to start on the board, in the order of
    /// tables.
    pub(crate) fn add(&self, instances: &[Instance]) {
        self.change(|state| {
            state.instances.extend(instances.iter().map(entry));
            let number = |entry: &Entry| {
                let number = entry.instance.rsplit_once('-')?.1;
                number.parse::<u8>().ok()
            };
            state
                .instances
                .sort_by_key(|entry| (entry.service, number(entry)));
        });
    }

    /// Takes the instance called `name` off the board.
    pub(crate) fn remove(&self, name: &str) {
        self.change(|state| state.instances.retain(|entry| entry.instance != name));
    }

    /// Whether the instance called `name` is on the board.
    pub(crate) fn has(&self, name: &str) -> bool {
        let state = self.state.borrow();
        state.instances.iter().any(|entry| entry.instance == name)
    }

    /// Changes one instance's entry.
    pub(crate) fn update(&self, instance: &Instance, change: impl FnOnce(&mut Entry)) {
        let name = instance.name();
        self.change(|state| {
            let mut entries = state.instances.iter_mut();
            if let Some(entry) = entries.find(|entry| entry.instance == name) {
                change(entry);
            }
        });
    }

    /// Waits until every instance has served; fails when one does not come to it.
    pub(crate) async fn all_served(&self) -> Result<(), CrashLoop> {
        let mut seen = self.state.subscribe();
        let served = |state: &State| state.instances.iter().all(|entry| entry.served);
        let done = |state: &State| served(state) || state.instances.iter().any(is_hopeless);
        match seen.wait_for(done).await {
            Ok(state) if served(&state) => Ok(()),
            _ => Err(CrashLoop),
        }
    }

    /// The name of the instance that keeps the others waiting.
    pub(crate) fn laggard(&self) -> String {
        let state = self.state.borrow();
        let mut waited_for = state.instances.iter().filter(|entry| !entry.served);
        let found = waited_for.clone().find(|entry| is_hopeless(entry));
        let found = found.or_else(|| waited_for.next());
        found.map_or_else(String::new, |entry| entry.instance.clone())
    }
}

fn is_hopeless(entry: &Entry) -> bool {
    !entry.served && entry.restarts >= HOPELESS
}

fn entry(instance: &Instance) -> Entry {
    Entry {
        service: instance.seat.service,
        version: instance.seat.version.clone(),
        instance: instance.name(),
        process: None,
        address: instance.address,
        port: instance.port,
        admin_port: instance.admin_port,
        dns_port: instance.mesh.map(|ports| ports.dns),
        state: Phase::Starting,
        restarts: 0,
        served: false,
    }
}
