//! `sockshop chaos`: breaking the shop on purpose, to see that it holds.

use clap::Subcommand;

mod pick;
mod storm;
mod timeline;

/// How to break it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Kill, pause and restart instances at random, then leave the shop whole.
    Storm(storm::Options),
}

/// Breaks it, and mends it.
pub(crate) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Storm(options) => storm::run(options).await,
    }
}
