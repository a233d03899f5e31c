//! What a shop's supervisor tells other processes: `state.json`.

use std::fs;
use std::net::IpAddr;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirArg};
use crate::process::Process;
use crate::service::Service;

/// A shop that runs, or ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Who looks after it.
    pub(crate) supervisor: Process,
    /// Where people find it.
    pub(crate) url: String,
    /// Whether all of it has served at least once.
    pub(crate) ready: bool,
    /// Instances of the shop.
    pub(crate) instances: Vec<Entry>,
}

/// State of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Service of the instance.
    pub(crate) service: Service,
    /// The release it belongs to.
    pub(crate) version: String,
    /// Name of the instance.
    pub(crate) instance: String,
    /// Its process, while there is one.
    pub(crate) process: Option<Process>,
    /// Address on which the instance listens.
    pub(crate) address: IpAddr,
    /// Port for REST and gRPC.
    pub(crate) port: u16,
    /// Port for liveness, readiness, metrics and faults.
    pub(crate) admin_port: u16,
    /// Port for DNS, of a mesh node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dns_port: Option<u16>,
    /// How far it is.
    pub(crate) state: Phase,
    /// How often it had to be started again.
    pub(crate) restarts: u32,
    /// Whether it has ever served.
    pub(crate) served: bool,
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Begun, not ready yet.
    Starting,
    /// Ready, and serves requests.
    Serving,
    /// Held still by `sockshop pause`.
    Paused,
    /// About to end: others should stop calling.
    Draining,
    /// Died, and is about to be started again.
    Restarting,
    /// Stopped, and not started again.
    Stopped,
}

impl Phase {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
        }
    }
}

impl State {
    /// Writes it where others look, in one step.
    pub(crate) fn write(&self, folder: &DataDir) -> anyhow::Result<()> {
        let path = folder.state();
        let draft = path.with_extension("json.new");
        let write = || {
            fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
            fs::rename(&draft, &path)?;
            anyhow::Ok(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// What the last supervisor wrote; nothing when there never was one.
    pub(crate) fn last(folder: &DataDir) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.state()).ok()?).ok()
    }

    /// The state of the shop that runs now.
    pub(crate) fn running(which: &DataDirArg) -> anyhow::Result<(DataDir, Self)> {
        let folder = DataDir::new(which)?;
        if let Some(state) = Self::last(&folder).filter(|state| state.supervisor.is_alive())
            && folder.is_running()
        {
            return Ok((folder, state));
        }
        bail!("no shop runs on {}", folder.path().display())
    }

    /// The instance called `name`.
    pub(crate) fn instance(&self, name: &str) -> anyhow::Result<&Entry> {
        let names: Vec<&str> = self.instances.iter().map(|one| &*one.instance).collect();
        let found = self.instances.iter().find(|one| one.instance == name);
        found.with_context(|| {
            format!(
                "no instance is called {name}: there are {}",
                names.join(", ")
            )
        })
    }
}
