//! Test environments of the release scenarios, one per target.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::Target;
use crate::durability::{self, SERVICES};
use crate::swarm::{Cluster, audit};
use crate::{sh, swarm};

/// Test environment with one running shop.
pub(super) enum TestEnv<'a> {
    /// On this machine, with two instances of everything.
    Local(durability::Shop<'a>),
    /// On a Swarm, as `stack.yaml` has it.
    Swarm {
        /// Swarm stack of the shop.
        shop: swarm::Shop<'a>,
        /// Where `sockshop release` remembers.
        data: PathBuf,
    },
}

impl<'a> TestEnv<'a> {
    /// Opens a shop on this machine, in `folder`.
    pub(super) fn local(binary: &'a Path, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self::Local(durability::Shop::open(binary, folder, &[])?))
    }

    /// Deploys a shop on `cluster`.
    pub(super) fn swarm(cluster: &'a Cluster, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self::Swarm {
            shop: swarm::Shop::deploy(cluster, &["stack.yaml"])?,
            data: folder.join("shop"),
        })
    }

    /// Which kind of target it is.
    pub(super) fn target(&self) -> Target {
        match self {
            Self::Local(_) => Target::Local,
            Self::Swarm { .. } => Target::Swarm,
        }
    }

    /// `sockshop` with these arguments, where a person would type it.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        match self {
            Self::Local(shop) => shop.command(arguments),
            Self::Swarm { shop, data } => {
                let mut command = shop.manager().beside(&shop.cluster.sockshop);
                command.args(arguments).arg("--data").arg(data);
                command
            }
        }
    }

    /// Where visitors come in.
    pub(super) fn door(&self) -> String {
        match self {
            Self::Local(shop) => shop.url(),
            Self::Swarm { shop, .. } => shop.door(),
        }
    }

    /// `sockshop load`, where visitors come in.
    pub(super) fn load(&self) -> Command {
        match self {
            Self::Local(shop) => shop.command(&["load"]),
            Self::Swarm { shop, .. } => {
                let mut load = shop.manager().inside(&shop.cluster.sockshop);
                load.args(["load", "--url", &shop.door()]);
                load
            }
        }
    }

    /// Fails when the auditor finds anything that is not as `journal` has it.
    pub(super) fn audit(&self, journal: &Path) -> anyhow::Result<()> {
        match self {
            Self::Local(shop) => {
                sh::read(shop.command(&["audit"]).arg("--journal").arg(journal)).map(drop)
            }
            Self::Swarm { shop, .. } => audit::must_be_clean(shop, &journal.display().to_string()),
        }
    }

    /// All that can have a version beside another: on a Swarm, the front-end
    /// holds a port of its node.
    pub(super) fn services(&self) -> &'static [&'static str] {
        match self {
            Self::Local(_) => &SERVICES,
            Self::Swarm { .. } => &SERVICES[..7],
        }
    }

    /// How many releases may be on their way at a time: on a Swarm, most of their
    /// time goes by with waiting.
    pub(super) fn at_once(&self) -> usize {
        match self {
            Self::Local(_) => 2,
            Self::Swarm { .. } => 4,
        }
    }

    /// How many instances there are of `service`.
    pub(super) fn count(&self, service: &str) -> usize {
        match self {
            Self::Swarm { .. } if service != "queue-master" => 1,
            _ => 2,
        }
    }

    /// What runs of `service`: a version for each instance, in order.
    pub(super) fn versions(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let shop = match self {
            Self::Local(shop) => shop,
            Self::Swarm { shop, .. } => return shop.versions(service),
        };
        let status = sh::read(&mut shop.command(&["status", "--json"]))?;
        let status: Value = serde_json::from_str(&status)?;
        let instances = status["instances"].as_array().context("no instances")?;
        let of_it = instances.iter().filter(|one| one["service"] == service);
        let versions = of_it.map(|one| one["version"].as_str().unwrap_or_default().to_owned());
        Ok(versions.collect())
    }

    /// Where rollouts are remembered.
    pub(super) fn records(&self) -> PathBuf {
        let data = match self {
            Self::Local(shop) => shop.data(),
            Self::Swarm { data, .. } => data,
        };
        data.join("releases")
    }

    /// Writes what the services said to a file in `artefacts`.
    pub(super) fn keep_logs(&self, artefacts: &Path) -> anyhow::Result<()> {
        match self {
            Self::Local(shop) => shop.keep_logs(artefacts),
            Self::Swarm { shop, .. } => shop.keep_logs(artefacts),
        }
    }

    /// Closes the shop; on a Swarm, fails when something of it is left.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Local(shop) => {
                drop(shop);
                Ok(())
            }
            Self::Swarm { shop, .. } => shop.close(),
        }
    }
}
