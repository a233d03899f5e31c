//! `--detach`: the shop stays when the command returns.
//!
//! The command starts itself once more as the supervisor and passes on what
//! that says, until it lets go of the terminal: then the shop is open.

use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::data_dir::{DataDir, DataDirArg};
use crate::state::State;

/// Starts the supervisor and returns once the shop is open.
pub(super) fn start(which: &DataDirArg) -> anyhow::Result<()> {
    let mut supervisor = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--background")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the supervisor")?;
    if let Some(mut output) = supervisor.stdout.take() {
        io::copy(&mut output, &mut io::stdout())?;
    }
    let state = State::last(&DataDir::new(which)?);
    let ours = state.filter(|state| state.supervisor.pid == supervisor.id());
    if ours.is_some_and(|state| state.ready) {
        return Ok(());
    }
    // It has said why, or was killed.
    let status = supervisor.wait()?;
    match status.code() {
        Some(code) => std::process::exit(code),
        None => bail!("the supervisor ended ({status})"),
    }
}

/// In the supervisor: what happens to the terminal is no longer our concern.
pub(super) fn leave_terminal() -> anyhow::Result<()> {
    rustix::process::setsid().context("cannot leave the terminal")?;
    Ok(())
}

/// In the supervisor: says everything from now on in a log of its own.
pub(super) fn close_output(folder: &DataDir) -> anyhow::Result<()> {
    let path = folder.log("sockshop");
    let log = File::options().create(true).append(true).open(&path);
    let log = log.with_context(|| format!("cannot write {}", path.display()))?;
    io::stdout().flush()?;
    rustix::stdio::dup2_stdout(&log)?;
    rustix::stdio::dup2_stderr(&log)?;
    Ok(())
}
