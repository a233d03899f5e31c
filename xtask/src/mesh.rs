//! One shop on three hosts: each a network namespace with a mesh node and some
//! of the services, cut off from the others and joined again.

mod hosts;
mod scenario;

use std::path::PathBuf;

use crate::sh;
use hosts::Hosts;

/// Options of the mesh suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Runs it all; fails when a promise is broken.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let sockshop = match &options.sockshop {
        Some(sockshop) => std::path::absolute(sockshop)?,
        None => sh::release()?,
    };
    let hosts = Hosts::start(&sockshop)?;
    scenario::sell(&hosts)?;
    scenario::names_for_programs_that_know_no_mesh(&hosts)?;
    scenario::strangers_are_not_heard(&hosts)?;
    scenario::replays_are_not_taken(&hosts)?;
    scenario::cut_and_join(&hosts)?;
    scenario::sell(&hosts)
}
