//! `sockshop scale`: more or fewer instances of a shop that runs.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use release::record::{Record, RolloutStore};
use rustix::process::Signal;

use crate::data_dir::{DataDir, DataDirArg};
use crate::service::Service;
use crate::state::{Entry, State};
use crate::up::desired::{Desired, DesiredFile, Promoted, Scale, parse};

/// Names the service whose release runs this command.
pub(crate) const RELEASED: &str = "SOCKSHOP_RELEASED";

/// Time limit for instances to become ready or to stop.
const SCALE_TIMEOUT: Duration = Duration::from_secs(60);

/// Interval between two polls of the status.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many of what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many instances of a version there shall be. Those that name none have the version that was promoted last, or 0.1.0.
    #[arg(required = true, value_name = "SERVICE[@VERSION]=N", value_parser = parse)]
    scale: Vec<Scale>,

    /// The service whose release this is part of.
    #[arg(long, env = RELEASED, hide = true, value_name = "SERVICE")]
    released: Option<String>,

    /// Return before the shop is as it was wanted.
    #[arg(long)]
    no_wait: bool,

    /// The shop to change.
    #[command(flatten)]
    which: DataDirArg,
}

/// Changes the shop, and returns once it is as it was wanted.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (folder, state) = State::running(&options.which)?;
    ensure!(state.ready, "the shop is not open yet");
    for one in &options.scale {
        if options.released.as_deref() != Some(one.service.name()) {
            refuse_under_release(&folder, one.service)?;
        }
    }
    let promoted = Promoted::of(&folder);
    let wanted: Vec<_> = options
        .scale
        .iter()
        .map(|one| one.resolve(&promoted))
        .collect();
    DesiredFile::open(&folder)?.change(&wanted)?;
    state.supervisor.send(Signal::USR1);
    if options.no_wait {
        return Ok(());
    }
    let begun = Instant::now();
    while !is_so(&State::running(&options.which)?.1, &wanted) {
        if begun.elapsed() > SCALE_TIMEOUT {
            bail!(
                "the shop is still not as it was wanted after {SCALE_TIMEOUT:?}: see `sockshop status`"
            );
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    crate::print("done\n")
}

/// A release counts on the versions that it moves requests between.
fn refuse_under_release(folder: &DataDir, service: Service) -> anyhow::Result<()> {
    let records = RolloutStore::at(&folder.releases("local"));
    if let Some(Record { from, to, .. }) = records.current(service.name()) {
        bail!(
            "{service} is being released, from {from} to {to}: end that first with \
             `sockshop release promote {service}` or `sockshop release abort {service}`"
        );
    }
    Ok(())
}

/// Whether there are as many as `wanted`, and all of them have served.
fn is_so(state: &State, wanted: &[Desired]) -> bool {
    wanted.iter().all(|one| {
        let fits = |entry: &&Entry| entry.service == one.service && entry.version == one.version;
        let there: Vec<_> = state.instances.iter().filter(fits).collect();
        there.len() == usize::from(one.count) && there.iter().all(|entry| entry.served)
    })
}
