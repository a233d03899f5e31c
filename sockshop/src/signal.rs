//! `sockshop kill`, `pause`, `resume` and `down`: doing things to processes.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;

use crate::data_dir::DataDirArg;
use crate::state::State;

/// Which instance of which shop.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name of the instance, such as catalogue-1.
    instance: String,

    /// The shop it belongs to.
    #[command(flatten)]
    which: DataDirArg,
}

/// What can be done to an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// End it without a warning.
    Kill,
    /// Suspend the process until it is resumed.
    Pause,
    /// Let it go on.
    Resume,
}

/// Time limit for a supervisor to drain the whole shop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(45);

/// Does `deed` to one instance.
pub(crate) fn run(options: &Options, deed: Action) -> anyhow::Result<()> {
    let (_, state) = State::running(&options.which)?;
    let name = &options.instance;
    let process = state.instance(name)?.process;
    let process = process.with_context(|| format!("{name} is not running just now"))?;
    let (signal, done) = match deed {
        Action::Kill => (Signal::KILL, "killed"),
        Action::Pause => (Signal::STOP, "paused"),
        Action::Resume => (Signal::CONT, "resumed"),
    };
    if !process.send(signal) {
        bail!("{name} has just ended");
    }
    crate::print(&format!("{name} (process {}) {done}\n", process.pid))
}

/// Ends the shop and returns once it is gone.
pub(crate) fn down(which: &DataDirArg) -> anyhow::Result<()> {
    let (folder, state) = State::running(which)?;
    let pid = state.supervisor.pid;
    if !state.supervisor.send(Signal::TERM) {
        bail!("cannot reach the supervisor, process {pid}");
    }
    let begun = Instant::now();
    while folder.is_running() {
        if begun.elapsed() > SHUTDOWN_TIMEOUT {
            bail!(
                "the shop still runs after {SHUTDOWN_TIMEOUT:?}: its supervisor is process {pid}"
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    crate::print("the shop is closed\n")
}
