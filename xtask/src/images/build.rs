//! Building the images around a binary.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{ALL, VERSION, tag};
use crate::{docker, sh};

/// Where the part of the Dockerfile begins that needs no compiler.
const BASE: &str = "\nFROM scratch AS base\n";

/// The static executable that all images carry: `given`, ready made, or built now.
pub(crate) fn binary(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(fs::canonicalize(given)?);
    }
    match sh::ready_made() {
        Some(ready) => Ok(fs::canonicalize(ready)?),
        None => build_executable(),
    }
}

/// Builds the static executable of the images.
pub(crate) fn build_executable() -> anyhow::Result<PathBuf> {
    let target = host()?;
    let mut build = sh::cargo();
    build.envs(settings(&dockerfile()?));
    build.args(["build", "--profile", "dist", "--package", "sockshop"]);
    sh::run(build.args(["--target", &target]))?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| sh::root().join("target"));
    Ok(folder.join(target).join("dist/sockshop"))
}

/// Whom this machine's compiler builds for.
fn host() -> anyhow::Result<String> {
    let said = sh::read(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host
        .context("rustc does not say whom it builds for")?
        .to_owned())
}

/// What the Dockerfile tells its compiler: the variables set before [`BASE`].
fn settings(dockerfile: &str) -> Vec<(String, String)> {
    let compiler = dockerfile.split_once(BASE).map_or("", |(before, _)| before);
    let lines = compiler
        .lines()
        .filter_map(|line| line.strip_prefix("ENV "));
    let settings = lines.filter_map(|line| line.split_once('='));
    let settings =
        settings.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()));
    settings.collect()
}

fn dockerfile() -> anyhow::Result<String> {
    Ok(fs::read_to_string(sh::root().join("images/Dockerfile"))?)
}

/// The Dockerfile without its compiler: what that builds lies in the context.
fn without_compiler(dockerfile: &str) -> anyhow::Result<String> {
    let Some((_, rest)) = dockerfile.split_once(BASE) else {
        bail!("images/Dockerfile has no line `{}`", BASE.trim());
    };
    let rest = rest.replace("--from=build ", "").replace("/out/", "");
    Ok(format!("{}\n{rest}", BASE.trim()))
}

/// Builds every image around `binary`.
pub(crate) fn build(binary: &Path) -> anyhow::Result<()> {
    let context = tempfile::tempdir()?;
    let folder = context.path();
    fs::copy(binary, folder.join("sockshop"))?;
    let data = folder.join("volume/data");
    fs::create_dir_all(&data)?;
    fs::set_permissions(data, Permissions::from_mode(0o1777))?;
    fs::write(folder.join("Dockerfile"), without_compiler(&dockerfile()?)?)?;
    let version = format!("VERSION={VERSION}");
    let revision = format!("REVISION={}", revision());
    for name in ALL {
        let tag = tag(name);
        let arguments = [
            "--target",
            name,
            "--tag",
            &tag,
            "--build-arg",
            &version,
            "--build-arg",
            &revision,
        ];
        docker::build(&arguments, folder)?;
    }
    Ok(())
}

/// The commit that is built, where there is one.
fn revision() -> String {
    let mut git = Command::new("git");
    let said = git.args(["rev-parse", "HEAD"]).current_dir(sh::root());
    let said = said.output().ok().filter(|said| said.status.success());
    let commit = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    commit.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_stage_for_every_image() {
        let text = without_compiler(&dockerfile().unwrap()).unwrap();
        for name in ALL {
            assert!(text.contains(&format!("\nFROM base AS {name}\n")), "{name}");
        }
        assert_eq!(text.matches("\nFROM base").count(), ALL.len());
    }

    #[test]
    fn the_compiler_is_told_the_same_in_both_ways() {
        let settings = settings(&dockerfile().unwrap());
        let names: Vec<_> = settings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["RUSTFLAGS", "CFLAGS", "LIBSQLITE3_FLAGS"]);
        assert!(settings[0].1.starts_with("-C target-feature=+crt-static "));
    }

    #[test]
    fn what_the_compiler_made_is_copied_from_this_machine() {
        let text = without_compiler(&dockerfile().unwrap()).unwrap();
        assert!(text.contains("COPY sockshop /sockshop\n"));
        assert!(!text.contains("build "));
    }
}
