//! `sockshop scale`: more or fewer instances of a shop that runs.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use rustix::process::Signal;

use crate::folder::Which;
use crate::state::{Entry, State};
use crate::up::wanted::{Wanted, Wishes, parse};

/// Longer than an instance takes to become ready, or to leave.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// How many of what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many instances of a version there shall be; 0.1.0 is the version of those that name none.
    #[arg(required = true, value_name = "SERVICE[@VERSION]=N", value_parser = parse)]
    wanted: Vec<Wanted>,

    /// Return before the shop is as it was wanted.
    #[arg(long)]
    no_wait: bool,

    /// The shop to change.
    #[command(flatten)]
    which: Which,
}

/// Changes the shop, and returns once it is as it was wanted.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (folder, state) = State::running(&options.which)?;
    ensure!(state.ready, "the shop is not open yet");
    Wishes::open(&folder)?.change(&options.wanted)?;
    state.supervisor.send(Signal::USR1);
    if options.no_wait {
        return Ok(());
    }
    let begun = Instant::now();
    while !is_so(&State::running(&options.which)?.1, &options.wanted) {
        if begun.elapsed() > PATIENCE {
            bail!(
                "the shop is still not as it was wanted after {PATIENCE:?}: see `sockshop status`"
            );
        }
        std::thread::sleep(PAUSE);
    }
    crate::print("done\n")
}

/// Whether there are as many as `wanted`, and all of them have served.
fn is_so(state: &State, wanted: &[Wanted]) -> bool {
    wanted.iter().all(|one| {
        let fits = |entry: &&Entry| entry.service == one.service && entry.version == one.version;
        let there: Vec<_> = state.instances.iter().filter(fits).collect();
        there.len() == usize::from(one.count) && there.iter().all(|entry| entry.served)
    })
}
