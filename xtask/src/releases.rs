//! Releases under load: good versions take over without a failed request, bad
//! ones are sent back by themselves, and a command that dies leaves a shop that
//! can be put right.

mod apart;
mod bad;
mod env;
mod good;
mod killed;
mod load;
mod rollout;
mod shares;
mod visitors;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;

use env::TestEnv;

use crate::sh;
use crate::swarm::Cluster;

/// Where the shop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// On this machine, under `sockshop up`.
    Local,
    /// On the two nodes of `cargo xtask swarm`.
    Swarm,
}

/// What is told about releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Story {
    /// Blue/green and canary of every service to a good version.
    Good,
    /// Requests are shared out as planned.
    Shares,
    /// A visitor keeps the version they met.
    Visitors,
    /// Each bad version is sent back by itself.
    Bad,
    /// The command is killed in every phase.
    Killed,
    /// A manager of a Swarm that runs no containers.
    Apart,
}

/// What to show, and with which executable.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the shop runs
    #[arg(long, value_enum, default_value = "local")]
    target: Target,

    /// Which stories; all that can be told there when not given
    #[arg(long, value_enum, num_args = 1)]
    story: Vec<Story>,

    /// Visitors that arrive each second
    #[arg(long, default_value = "4")]
    rate: String,

    /// Test this executable rather than building one; static, where containers are to run it
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// A shop, where it is told.
struct Scenario<'a> {
    ground: TestEnv<'a>,
    rate: &'a str,
    artefacts: &'a Path,
}

impl Target {
    /// As the command line calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Swarm => "swarm",
        }
    }

    /// What can be told there. Shares are planned by the mesh, wherever it runs.
    fn stories(self) -> &'static [Story] {
        match self {
            Self::Local => &[
                Story::Good,
                Story::Shares,
                Story::Visitors,
                Story::Bad,
                Story::Killed,
            ],
            Self::Swarm => &[Story::Good, Story::Bad, Story::Killed, Story::Apart],
        }
    }
}

/// Tells the stories; fails when a promise is broken.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match options.target {
        Target::Local => {
            let binary = match &options.sockshop {
                Some(binary) => std::path::absolute(binary)?,
                None => sh::release()?,
            };
            options.tell(|folder| TestEnv::local(&binary, folder))
        }
        Target::Swarm => {
            let cluster = Cluster::start(options.sockshop.as_deref())?;
            options.tell(|folder| TestEnv::swarm(&cluster, folder))?;
            cluster.end()
        }
    }
}

impl Options {
    /// Tells each story in a shop of its own.
    fn tell<'a>(&self, open: impl Fn(&Path) -> anyhow::Result<TestEnv<'a>>) -> anyhow::Result<()> {
        let artefacts = sh::artefacts("releases")?;
        let all = self.target.stories();
        let stories = if self.story.is_empty() {
            all
        } else {
            &self.story
        };
        for story in stories {
            let begun = Instant::now();
            let name = format!("{story:?}").to_lowercase();
            let folder = tempfile::tempdir()?;
            let artefacts = artefacts.join(&name);
            std::fs::create_dir(&artefacts)?;
            let stage = Scenario {
                ground: open(folder.path())?,
                rate: &self.rate,
                artefacts: &artefacts,
            };
            let told = story.tell(&stage);
            stage.ground.keep_logs(&artefacts)?;
            told.with_context(|| format!("in the story `{name}`"))?;
            stage.ground.close()?;
            println!("{name:<10} held, in {} s", begun.elapsed().as_secs());
        }
        Ok(())
    }
}

impl Story {
    fn tell(self, stage: &Scenario<'_>) -> anyhow::Result<()> {
        match self {
            Self::Good => good::tell(stage),
            Self::Shares => shares::tell(stage),
            Self::Visitors => visitors::tell(stage),
            Self::Bad => bad::tell(stage),
            Self::Killed => killed::tell(stage),
            Self::Apart => apart::tell(stage),
        }
    }
}
