//! The Sock Shop's command line.
//!
//! One executable is everything: `sockshop serve NAME` is one service,
//! `sockshop up` starts it once for every service and looks after them, and
//! the other commands find that shop through its data folder.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

mod args;
mod ask;
mod audit;
mod calls;
mod chaos;
mod data_dir;
mod health;
mod load;
mod logs;
mod mesh;
mod probe;
mod process;
mod release;
mod scale;
mod secret;
mod serve;
mod service;
mod signal;
mod state;
mod status;
mod table;
mod up;

use args::{Args, Command};
use signal::Action;

fn main() -> ExitCode {
    match chassis::secrets::take().and_then(|()| run(Args::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output (`| head`) has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(std::io::stderr(), "sockshop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let last_word = args.last_word.clone();
    obey(args)?;
    // On a line of its own, whatever was printed before.
    last_word.map_or(Ok(()), |word| print(&format!("\n{word}\n")))
}

fn obey(args: Args) -> anyhow::Result<()> {
    match args.command {
        None => up::run(&args.up),
        Some(Command::Up(options)) => up::run(&options),
        Some(Command::Status(options)) => now(status::run(&options)),
        Some(Command::Logs(options)) => logs::run(&options),
        Some(Command::Down(which)) => signal::down(&which),
        Some(Command::Kill(options)) => signal::run(&options, Action::Kill),
        Some(Command::Pause(options)) => signal::run(&options, Action::Pause),
        Some(Command::Resume(options)) => signal::run(&options, Action::Resume),
        Some(Command::Mesh { command }) => now(mesh::run(&command)),
        Some(Command::Release { command }) => now(release::run(&command)),
        Some(Command::Scale(options)) => scale::run(&options),
        Some(Command::Calls(options)) => calls::run(&options),
        Some(Command::Serve { process }) => serve::run(*process),
        Some(Command::Health(options)) => now(health::run(options)),
        Some(Command::Ask(options)) => now(ask::run(&options)),
        Some(Command::Secret(options)) => secret::run(&options),
        Some(Command::Load(options)) => load::run(&options),
        Some(Command::Audit(options)) => now(audit::run(&options)),
        Some(Command::Chaos { command }) => now(chaos::run(&command)),
    }
}

/// Runs a short story to its end on this thread.
fn now(story: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(story)
}

/// Prints `text` to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
