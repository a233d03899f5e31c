//! Secrets in files, as Docker, Compose and Kubernetes mount them.
//!
//! `MESH_KEY_FILE=/run/secrets/mesh-key` is read as if `MESH_KEY` held what the
//! file holds. A process that finds such a variable starts itself again with the
//! secret in its own environment, before anything else has happened: so every
//! setting has one name, and one place that reads it.
//!
//! `STORE_PASSWORD`, given either way, becomes part of `DATABASE_URL` and
//! `SESSION_STORE`: the address of a store is then no secret.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::{Context, bail};
use url::Url;

/// The settings that may stand in a file.
const SECRETS: [&str; 7] = [
    "DATABASE_URL",
    "CARD_KEY",
    "MESH_CREDENTIAL",
    "MESH_KEY",
    "SESSION_KEY",
    "SESSION_STORE",
    PASSWORD,
];

/// The password of whatever [`STORES`] name.
const PASSWORD: &str = "STORE_PASSWORD";

/// The settings that hold the URL of a store.
const STORES: [&str; 2] = ["DATABASE_URL", "SESSION_STORE"];

/// Takes the secrets out of their files. Call it first of all in `main`; with
/// nothing to take it does nothing.
pub fn take() -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var_os(name);
    let found = unlock(read(variable)?, variable)?;
    if found.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    run(tell(&mut again, found))
}

/// Gives a process the secrets, and nothing that would make it start again once
/// more.
fn tell<'a>(process: &'a mut Command, secrets: Vec<(&'static str, String)>) -> &'a mut Command {
    for name in SECRETS {
        process.env_remove(format!("{name}_FILE"));
    }
    process.env_remove(PASSWORD).envs(secrets)
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

/// Puts the password, if there is one among the secrets `found` or the
/// variables, into the URLs of the stores.
fn unlock(
    mut found: Vec<(&'static str, String)>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let text = |name: &str| variable(name)?.into_string().ok();
    let at = found.iter().position(|(name, _)| *name == PASSWORD);
    let file = at.map(|at| found.remove(at).1);
    let Some(password) = file.or_else(|| text(PASSWORD)) else {
        return Ok(found);
    };
    for name in STORES {
        let at = found.iter().position(|(known, _)| *known == name);
        let url = at.map(|at| found.remove(at).1);
        if let Some(url) = url.or_else(|| text(name)) {
            found.push((name, with_password(name, &url, &password)?));
        }
    }
    Ok(found)
}

fn with_password(name: &str, url: &str, password: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(url).with_context(|| format!("{name} is not a URL"))?;
    if url.set_password(Some(password)).is_err() {
        bail!("{PASSWORD} is given, but {name} names no server that could ask for it");
    }
    Ok(url.into())
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

    fn unlocked(name: &'static str, url: &str) -> anyhow::Result<String> {
        let found = vec![(PASSWORD, "p@ss/word".to_owned())];
        let found = unlock(found, |asked| (asked == name).then(|| url.into()))?;
        assert_eq!(found.len(), 1);
        Ok(found[0].1.clone())
    }

    #[test]
    fn a_password_becomes_part_of_the_urls_of_stores() {
        let url = unlocked("DATABASE_URL", "postgres://orders@orders-db/orders");
        assert_eq!(
            url.unwrap(),
            "postgres://orders:p%40ss%2Fword@orders-db/orders"
        );
        let url = unlocked("SESSION_STORE", "redis://session-db:6379");
        assert_eq!(url.unwrap(), "redis://:p%40ss%2Fword@session-db:6379");
    }

    #[test]
    fn a_file_has_no_password() {
        let error = unlocked("DATABASE_URL", "sqlite:orders.db?mode=rwc").unwrap_err();
        assert!(error.to_string().contains("DATABASE_URL names no server"));
    }

    #[test]
    fn a_password_in_the_environment_counts_too() {
        let variable = |name: &str| match name {
            PASSWORD => Some("word".into()),
            "DATABASE_URL" => Some("redis://carts-db".into()),
            _ => None,
        };
        let found = unlock(Vec::new(), variable).unwrap();
        assert_eq!(
            found,
            [("DATABASE_URL", "redis://:word@carts-db".to_owned())]
        );
    }

    #[test]
    fn who_has_started_again_has_no_reason_to_do_it_once_more() {
        let mut process = Command::new("orders");
        tell(
            &mut process,
            vec![("DATABASE_URL", "redis://:word@carts-db".into())],
        );
        let variables: Vec<_> = process.get_envs().collect();
        for name in SECRETS {
            let file = format!("{name}_FILE");
            assert!(variables.contains(&(file.as_ref(), None)), "{file} stays");
        }
        assert!(variables.contains(&(PASSWORD.as_ref(), None)));
    }

    #[test]
    fn other_files_are_no_secrets() {
        assert_eq!(
            read(|name| (name == "POLICY_FILE").then(|| "x".into())).unwrap(),
            []
        );
    }
}
