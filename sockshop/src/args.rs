//! What can be asked for on the command line.

use clap::{Parser, Subcommand};

use crate::data_dir::DataDirArg;
use crate::serve::Process;
use crate::{
    ask, audit, calls, chaos, health, load, logs, mesh, release, scale, secret, signal, status, up,
};

/// A shop that sells socks, as nine small processes.
///
/// Without a command it opens the shop here: `sockshop up`.
#[derive(Debug, Parser)]
#[command(name = "sockshop", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Subcommand; without one, the shop is started.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// How to open the shop when nothing else is asked for.
    #[command(flatten)]
    pub(crate) up: up::Options,

    /// A line to print in the end: who reads from a log then knows that it is all there.
    #[arg(long, global = true, hide = true, value_name = "WORD")]
    pub(crate) last_word: Option<String>,
}

/// What `sockshop` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open the shop: every service a process of its own.
    #[command(after_long_help = up::environment::help())]
    Up(up::Options),
    /// Show what runs, where, and what it costs.
    Status(status::Options),
    /// Show what the services say.
    Logs(logs::Options),
    /// Stop the shop and all its processes
    Down(DataDirArg),
    /// End an instance without a warning; it will be started again.
    Kill(signal::Options),
    /// Hold an instance still, as if its machine had stalled.
    Pause(signal::Options),
    /// Let a paused instance go on.
    Resume(signal::Options),
    /// Start or end instances of a shop that runs.
    Scale(scale::Options),
    /// See the mesh that the shop's processes find each other by, and steer it.
    Mesh {
        /// What to see or to steer.
        #[command(subcommand)]
        command: mesh::Command,
    },
    /// Let a new version of a service take over, and go back by itself when it is bad.
    Release {
        /// What is to be done.
        #[command(subcommand)]
        command: Box<release::Command>,
    },
    /// Show who calls whom: what the rules of a network have to allow.
    Calls(calls::Options),
    /// Run one service in the foreground.
    Serve {
        /// Process to run, with its settings.
        #[command(subcommand)]
        process: Box<Process>,
    },
    /// Ask a service whether it is ready: for a container's health check.
    Health(health::Options),
    /// Ask the service of this container for a page, past all weights.
    Ask(ask::Options),
    /// Make a secret in a file, unless there is one.
    Secret(secret::Options),
    /// Send visitors, and see how the shop does.
    Load(Box<load::Options>),
    /// Prove that every order is what its client was told.
    Audit(audit::Options),
    /// Break the shop on purpose, to see that it holds.
    Chaos {
        /// Kind of chaos, with its options.
        #[command(subcommand)]
        command: chaos::Command,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn flags_without_a_command_open_the_shop() {
        let args = Args::parse_from(["sockshop", "--port", "9000", "--scale", "user=2"]);
        assert!(args.command.is_none());
        assert_eq!((args.up.port, args.up.scale.len()), (9000, 1));
    }
}
