//! What the shop costs. Whatever depends on the machine is measured beside
//! something else in the same run, in turns, and told as a ratio.
//!
//! These are figures to look at. No test depends on them: a busy machine makes
//! them worse and nothing wrong.

use std::path::{Path, PathBuf};

use crate::sh;

mod catalogue;
mod checkout;
mod classic;
mod memory;
mod mesh_dns;
mod shop;
mod statistics;
mod stored_orders;

/// What is measured, and how thoroughly.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which benchmarks; all of them when none is named
    #[arg(value_enum)]
    names: Vec<Name>,

    /// Only show that they work: short, and the figures mean little
    #[arg(long)]
    smoke: bool,

    /// Measure this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Compare with this build of `bare` rather than a release build
    #[arg(long)]
    bare: Option<PathBuf>,
}

/// Benchmark to run by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Cost of an order among a million, against one among a thousand
    StoredOrders,
    /// The catalogue's list, against a server that only has the bytes
    Catalogue,
    /// Visits of the original's load test that one core serves
    Classic,
    /// How much longer than usual the slowest checkouts take, under 70 % load
    Checkout,
    /// Names a mesh node answers, against dnsmasq
    MeshDns,
    /// Memory of all processes, at rest and at 200 requests a second
    Memory,
}

const ALL: [Name; 6] = [
    Name::StoredOrders,
    Name::Catalogue,
    Name::Classic,
    Name::Checkout,
    Name::MeshDns,
    Name::Memory,
];

/// The cores that the shop and its clients have to themselves.
const SHOP: &str = "0";
const CLIENTS: &str = "1";

/// What all benchmarks need.
struct Bench {
    sockshop: PathBuf,
    bare: Option<PathBuf>,
    smoke: bool,
}

/// Runs the benchmarks one after the other.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let bench = Bench {
        sockshop: match &options.sockshop {
            Some(sockshop) => std::path::absolute(sockshop)?,
            None => sh::release()?,
        },
        bare: options.bare.clone(),
        smoke: options.smoke,
    };
    let names = if options.names.is_empty() {
        &ALL[..]
    } else {
        &options.names
    };
    for name in names {
        match name {
            Name::StoredOrders => stored_orders::run(&bench)?,
            Name::Catalogue => catalogue::run(&bench)?,
            Name::Classic => classic::run(&bench)?,
            Name::Checkout => checkout::run(&bench)?,
            Name::MeshDns => mesh_dns::run(&bench)?,
            Name::Memory => memory::run(&bench)?,
        }
    }
    Ok(())
}

impl Bench {
    /// `long`, or `short` where only the way is to be shown.
    fn much<T>(&self, long: T, short: T) -> T {
        if self.smoke { short } else { long }
    }

    /// The bare server, built the way the shop was.
    fn bare(&self) -> anyhow::Result<PathBuf> {
        if let Some(bare) = &self.bare {
            return Ok(std::path::absolute(bare)?);
        }
        // Beside the shop, so that both get the same features of the same crates.
        let packages = ["--package", "sockshop", "--package", "bare"];
        sh::run(sh::cargo().args(["build", "--release"]).args(packages))?;
        Ok(sh::release()?.with_file_name("bare"))
    }
}

/// Runs a program on `core` alone, where there is more than one.
fn on(core: &str, program: &Path) -> std::process::Command {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return std::process::Command::new(program);
    }
    let mut command = std::process::Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program);
    command
}
