//! Secrets in files, as Docker, Compose and Kubernetes mount them.
//!
//! `MESH_KEY_FILE=/run/secrets/mesh-key` is read as if `MESH_KEY` held what the
//! file holds. A process that finds such a variable starts itself again with the
//! secret in its own environment, before anything else has happened: so every
//! setting has one name, and one place that reads it.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::Context;

/// The settings that may stand in a file.
const SECRETS: [&str; 4] = ["DATABASE_URL", "MESH_KEY", "SESSION_KEY", "SESSION_STORE"];

/// Takes the secrets out of their files. Call it first of all in `main`; with
/// nothing to take it does nothing.
pub fn take() -> anyhow::Result<()> {
    let found = read(|name| std::env::var_os(name))?;
    if found.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    for (name, secret) in found {
        again.env_remove(format!("{name}_FILE")).env(name, secret);
    }
    run(&mut again)
}

#[cfg(unix)]
fn run(again: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(again.exec()).context("cannot start again with the secrets")
}

#[cfg(not(unix))]
fn run(again: &mut Command) -> anyhow::Result<()> {
    let ended = again.status()?;
    std::process::exit(ended.code().unwrap_or(1));
}

/// The secrets that `variable` says are in files.
fn read(
    variable: impl Fn(&str) -> Option<OsString>,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for name in SECRETS {
        let from = format!("{name}_FILE");
        let Some(file) = variable(&from).filter(|file| !file.is_empty()) else {
            continue;
        };
        let secret = fs::read_to_string(&file)
            .with_context(|| format!("cannot read {from}={}", file.display()))?;
        found.push((name, secret.trim().to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_its_file_holds_without_the_line_end() {
        let file = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        fs::write(&file, "a secret\n").unwrap();
        let found = read(|name| (name == "MESH_KEY_FILE").then(|| file.clone().into()));
        fs::remove_file(&file).unwrap();
        assert_eq!(found.unwrap(), [("MESH_KEY", "a secret".to_owned())]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(|_| Some("/nowhere/key".into())).unwrap_err();
        assert!(error.to_string().contains("DATABASE_URL_FILE=/nowhere/key"));
    }

    #[test]
    fn other_files_are_no_secrets() {
        assert_eq!(
            read(|name| (name == "POLICY_FILE").then(|| "x".into())).unwrap(),
            []
        );
    }
}
