//! Releases of one service by `docker`, while visitors buy.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::project::Project;
use crate::{images, interrupted};

/// Longer than the releases take.
const LOAD: &str = "60s";

/// Quick, and judged by errors alone: on a busy machine the new one may be slow by chance.
const PLAN: [&str; 4] = ["--window", "4s", "--requests", "20"];

/// The version of all images but those of releases.
const FIRST: &str = images::VERSION;

/// A good version takes over by canary, one more by blue/green, a bad one is sent back, and no
/// visitor notices but those who met the bad one. A command that dies leaves what can be ended.
pub(super) fn run(program: &Path, sockshop: &Path) -> anyhow::Result<()> {
    let shop = Project::new(program, None)?.with("LOAD_DURATION", LOAD);
    shop.up()?;
    shop.until_well()?;
    let folder = tempfile::tempdir()?;
    let command = |words: &[&str]| {
        let mut command = Command::new(sockshop);
        command.arg("release").args(words);
        command.args(["--target", "compose", "--shop", shop.name()]);
        command.arg("--data").arg(folder.path());
        command
    };
    let release = |words: &[&str]| -> anyhow::Result<bool> {
        let status = command(words).args(PLAN).status();
        Ok(status.context("no release")?.success())
    };
    let mut visitors = shop.visitors("load").stdout(Stdio::null()).spawn()?;
    let good = ["canary", "catalogue", "--to", "v2", "--steps", "30,100"];
    ensure!(release(&good)?, "v2 was not promoted");
    only(&shop, "catalogue", "v2")?;
    ensure!(
        release(&["blue-green", "orders", "--to", "v2"])?,
        "orders was not promoted"
    );
    only(&shop, "orders", "v2")?;
    ensure!(
        visitors.wait()?.success(),
        "requests failed during releases"
    );
    shop.visit("audit")?;
    let mut visitors = shop.visitors("load").stdout(Stdio::null()).spawn()?;
    let bad = [
        "canary",
        "catalogue",
        "--to",
        "v2-errors",
        "--steps",
        "30,100",
    ];
    ensure!(!release(&bad)?, "v2-errors was promoted");
    only(&shop, "catalogue", "v2")?;
    _ = visitors.wait();
    let refused = release(&["canary", "front-end", "--to", "v2"])?;
    ensure!(!refused, "nothing weighs two front-ends here");
    interrupted::at_every_change("docker", ["v2", FIRST], command, |version| {
        only(&shop, "catalogue", version)
    })?;
    shop.close()
}

/// Fails unless `version` is all that runs of `service`.
fn only(shop: &Project<'_>, service: &str, version: &str) -> anyhow::Result<()> {
    let versions = shop.versions(service)?;
    ensure!(
        versions == [version],
        "{service} runs as {versions:?} instead of {version} alone"
    );
    Ok(())
}
