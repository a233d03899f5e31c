//! Releases under load: good versions take over without a failed request, bad
//! ones are sent back by themselves, and a command that dies leaves a shop that
//! can be put right.

mod bad;
mod crowd;
mod good;
mod killed;
mod rollout;
mod shares;
mod visitors;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;

use crate::durability::Shop;
use crate::sh;

/// Where the shop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// On this machine, under `sockshop up`.
    Local,
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
}

/// What to show, and with which executable.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the shop runs
    #[arg(long, value_enum, default_value = "local")]
    target: Target,

    /// Which stories; all when not given
    #[arg(long, value_enum, num_args = 1, default_values = ["good", "shares", "visitors", "bad", "killed"])]
    story: Vec<Story>,

    /// Visitors that arrive each second
    #[arg(long, default_value = "4")]
    rate: String,

    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// A shop with two instances of everything, where it is told.
struct Stage<'a> {
    shop: Shop<'a>,
    target: Target,
    rate: &'a str,
    artefacts: &'a Path,
}

impl Target {
    /// As the command line calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
        }
    }
}

/// Tells the stories; fails when a promise is broken.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let artefacts = sh::artefacts("releases")?;
    let binary = match &options.sockshop {
        Some(binary) => std::path::absolute(binary)?,
        None => sh::release()?,
    };
    for story in &options.story {
        let begun = Instant::now();
        let name = format!("{story:?}").to_lowercase();
        let folder = tempfile::tempdir()?;
        let artefacts = artefacts.join(&name);
        std::fs::create_dir(&artefacts)?;
        let stage = Stage {
            shop: Shop::open(&binary, folder.path(), &[])?,
            target: options.target,
            rate: &options.rate,
            artefacts: &artefacts,
        };
        let told = story.tell(&stage);
        stage.shop.keep_logs(&artefacts)?;
        told.with_context(|| format!("in the story `{name}`"))?;
        println!("{name:<10} held, in {} s", begun.elapsed().as_secs());
    }
    Ok(())
}

impl Story {
    fn tell(self, stage: &Stage<'_>) -> anyhow::Result<()> {
        match self {
            Self::Good => good::tell(stage),
            Self::Shares => shares::tell(stage),
            Self::Visitors => visitors::tell(stage),
            Self::Bad => bad::tell(stage),
            Self::Killed => killed::tell(stage),
        }
    }
}
