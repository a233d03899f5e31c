//! The shop on ECS, as far as that goes without an account: the templates are
//! checked and deployed with the real `aws` on a stand-in of AWS, and versions of
//! a service are released there, good ones and bad ones.

use std::path::PathBuf;
use std::process::Command;

use crate::sh;

/// Options of the ECS suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Runs it all; fails with a sentence that says what is wrong.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let sockshop = match &options.sockshop {
        Some(sockshop) => std::path::absolute(sockshop)?,
        None => sh::release()?,
    };
    sh::program("python3", "python3", &[])?;
    sh::run(Command::new(sh::root().join("ecs/tests/run")).arg(sockshop))
}
