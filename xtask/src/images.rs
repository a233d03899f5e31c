//! The images: built from a binary made on this machine, weighed, and looked at.

mod all_in_one;
mod build;
mod contract;
mod releases;

use std::path::PathBuf;

use anyhow::ensure;

pub(crate) use build::{binary, build, build_executable};
pub(crate) use releases::build as build_releases;

use crate::docker::{Engine, docker};
use crate::{sh, stand_ins};

/// Every image, as it is called behind `sockshop/`.
pub(crate) const ALL: [&str; 10] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
    "meshd",
    "sockshop",
];

/// The tag of what is built here.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What an image may weigh, in bytes.
const BUDGET: u64 = 20_000_000;

/// How to come by the binary.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this static executable rather than building one, and let it weigh what it does
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Build stand-ins for PostgreSQL and Redis too, from Debian's packages, for engines that reach no registry
    #[arg(long)]
    stand_ins: bool,
}

/// Builds all images and ready-made releases, shows what they weigh, tries what
/// they promise, and fails past the budget.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let _engine = Engine::start()?;
    build(&binary(options.sockshop.as_deref())?)?;
    if options.stand_ins {
        stand_ins::build()?;
    }
    let heaviest = weigh()?;
    contract::check()?;
    all_in_one::try_out()?;
    println!("{} ready-made releases are tagged", releases::build()?);
    ensure!(
        heaviest <= BUDGET || options.sockshop.is_some(),
        "an image weighs more than {} MB",
        megabytes(BUDGET)
    );
    Ok(())
}

/// Shows what every image weighs, and returns what the heaviest does.
fn weigh() -> anyhow::Result<u64> {
    println!("{:<28}{:>12}", "IMAGE", "MB");
    let mut heaviest = 0;
    for tag in ALL.map(tag) {
        let size: u64 = inspect(&tag, "{{.Size}}")?.parse()?;
        println!("{tag:<28}{:>12}", megabytes(size));
        heaviest = heaviest.max(size);
    }
    Ok(heaviest)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{:02}", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

/// Tag of an image, such as `sockshop/catalogue:0.1.0`.
pub(crate) fn tag(name: &str) -> String {
    tagged(name, VERSION)
}

fn tagged(name: &str, version: &str) -> String {
    format!("sockshop/{name}:{version}")
}

/// What `format` says of the image `tag`.
fn inspect(tag: &str, format: &str) -> anyhow::Result<String> {
    sh::read(&mut docker(&["image", "inspect", "--format", format, tag]))
}
