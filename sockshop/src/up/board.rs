//! The supervisor's view of its instances, shared with other processes.

use tokio::sync::watch;

use super::plan::Instance;
use super::say;
use crate::folder::Folder;
use crate::process::Process;
use crate::state::{Entry, Phase, State};

/// Who died this often without ever serving will not serve at all.
const HOPELESS: u32 = 3;

/// Holds the shop's [`State`], on paper too.
pub(crate) struct Board {
    folder: Folder,
    state: watch::Sender<State>,
}

impl Board {
    /// A board on which every one of `instances` is about to start.
    pub(crate) fn new(folder: Folder, url: String, instances: &[Instance]) -> anyhow::Result<Self> {
        let state = State {
            supervisor: Process::this(),
            url,
            ready: false,
            instances: instances.iter().map(entry).collect(),
        };
        state.write(&folder)?;
        Ok(Self {
            folder,
            state: watch::Sender::new(state),
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
            say("sockshop", &format!("{error:#}"));
        }
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

    /// Waits until every instance has served; fails with the name of one that
    /// does not come to it.
    pub(crate) async fn all_served(&self) -> Result<(), String> {
        let hopeless = |entry: &&Entry| !entry.served && entry.restarts >= HOPELESS;
        let mut seen = self.state.subscribe();
        loop {
            {
                let state = seen.borrow_and_update();
                if let Some(entry) = state.instances.iter().find(hopeless) {
                    return Err(entry.instance.clone());
                }
                if state.instances.iter().all(|entry| entry.served) {
                    return Ok(());
                }
            }
            if seen.changed().await.is_err() {
                return Ok(());
            }
        }
    }
}

fn entry(instance: &Instance) -> Entry {
    Entry {
        service: instance.service,
        version: instance.version.clone(),
        instance: instance.name(),
        process: None,
        address: instance.address,
        port: instance.port,
        admin_port: instance.admin_port,
        state: Phase::Starting,
        restarts: 0,
        served: false,
    }
}
