//! The images: built from a binary made on this machine, weighed, and looked at.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::docker::{Engine, docker};
use crate::sh;

/// Every image, as it is called behind `sockshop/`.
pub(crate) const ALL: [&str; 10] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
    "meshd",
    "sockshop",
];

/// The tag of what is built here.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What an image may weigh, in bytes.
const BUDGET: u64 = 12_000_000;

/// Where the part of the Dockerfile begins that needs no compiler.
const BASE: &str = "\nFROM scratch AS base\n";

/// How to come by the binary.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this static executable rather than building one
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Builds all images, shows what they weigh, and fails past the budget.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let _engine = Engine::start()?;
    build(&binary(options.sockshop.as_deref())?)?;
    let mut heavy = Vec::new();
    println!("{:<28}{:>12}", "IMAGE", "MB");
    for name in ALL {
        let tag = tag(name);
        let size: u64 = inspect(&tag, "{{.Size}}")?.parse()?;
        println!("{tag:<28}{:>12}", megabytes(size));
        if size > BUDGET {
            heavy.push(tag);
        }
    }
    ensure!(
        heavy.is_empty(),
        "heavier than {} MB: {heavy:?}",
        megabytes(BUDGET)
    );
    promises()
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{:02}", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

/// `sockshop/catalogue:0.1.0`.
pub(crate) fn tag(name: &str) -> String {
    format!("sockshop/{name}:{VERSION}")
}

/// The static executable that all images carry: `given`, or built now.
pub(crate) fn binary(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(fs::canonicalize(given)?);
    }
    let target = host()?;
    let mut build = sh::cargo();
    build.env("RUSTFLAGS", flags()?);
    build.args(["build", "--profile", "dist", "--package", "sockshop"]);
    sh::run(build.args(["--target", &target]))?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| sh::root().join("target"));
    Ok(folder.join(target).join("dist/sockshop"))
}

/// Whom this machine's compiler builds for.
fn host() -> anyhow::Result<String> {
    let said = sh::read(std::process::Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host
        .context("rustc does not say whom it builds for")?
        .to_owned())
}

/// The compiler flags of the Dockerfile.
fn flags() -> anyhow::Result<String> {
    let text = dockerfile()?;
    let flags = text
        .lines()
        .find_map(|line| line.strip_prefix("ENV RUSTFLAGS="));
    Ok(flags
        .context("images/Dockerfile sets no RUSTFLAGS")?
        .trim_matches('"')
        .to_owned())
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
    fs::create_dir(folder.join("data"))?;
    fs::write(folder.join("Dockerfile"), without_compiler(&dockerfile()?)?)?;
    for name in ALL {
        let mut build = docker(&["build", "--quiet", "--target", name, "--tag", &tag(name)]);
        build.args(["--build-arg", &format!("VERSION={VERSION}")]);
        sh::read(build.env("DOCKER_BUILDKIT", "0").arg(folder))?;
    }
    Ok(())
}

/// What `format` says of the image `tag`.
fn inspect(tag: &str, format: &str) -> anyhow::Result<String> {
    sh::read(&mut docker(&["image", "inspect", "--format", format, tag]))
}

/// What every image promises to whoever runs it.
fn promises() -> anyhow::Result<()> {
    let title = "org.opencontainers.image.title";
    for name in ALL {
        let tag = tag(name);
        for (format, expected) in [
            ("{{.Config.User}}", "10001:10001"),
            ("{{.Config.StopSignal}}", "SIGTERM"),
            (
                "{{json .Config.Healthcheck.Test}}",
                r#"["CMD","/sockshop","health"]"#,
            ),
            (&format!("{{{{index .Config.Labels {title:?}}}}}"), name),
        ] {
            let found = inspect(&tag, format)?;
            ensure!(
                found == expected,
                "{tag}: {format} is {found}, not {expected}"
            );
        }
    }
    println!("all run as 10001:10001, end on SIGTERM, and ask themselves how they are");
    Ok(())
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
    fn what_the_compiler_made_is_copied_from_this_machine() {
        let text = without_compiler(&dockerfile().unwrap()).unwrap();
        assert!(text.contains("COPY sockshop /sockshop\n"));
        assert!(!text.contains("build "));
    }
}
