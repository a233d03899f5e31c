//! The shop under Docker Compose, on a real engine: everything
//! `compose/README.md` promises, from nothing to nothing.

mod memory;
mod names;
mod program;
mod project;
mod releases;
mod rules;
mod scenario;

use std::path::PathBuf;

use crate::docker::Engine;
use crate::{images, sh, stand_ins};

/// Options of the Compose suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this static executable rather than building one
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Builds the images, and deploys them with each overlay that can run here.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let _engine = Engine::start()?;
    let program = program::compose()?;
    rules::check(&program)?;
    let sockshop = images::binary(options.sockshop.as_deref())?;
    images::build(&sockshop)?;
    images::build_releases()?;
    stand_ins::build()?;
    let artefacts = sh::artefacts("compose")?;
    scenario::embedded(&program, &artefacts)?;
    releases::run(&program, &sockshop)?;
    scenario::data(&program)?;
    scenario::original_names(&program)
}
