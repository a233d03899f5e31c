//! The shop in a real browser: buys socks in headless Chromium, with and
//! without JavaScript, by keyboard only, and lets axe look at every page.

use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;

use crate::sh;

/// Runs the suite against a shop of its own.
pub(crate) fn run() -> anyhow::Result<()> {
    let chromium = sh::program("chromium", "chromium", &[])?;
    let node = sh::program("node", "nodejs", &[])?;
    let npm = sh::program("npm", "npm", &[])?;
    let suite = sh::root().join("sockshop/tests/browser");
    let mut install = Command::new(npm);
    sh::run(install.current_dir(&suite).args(["ci", "--loglevel=error"]))?;

    sh::run(sh::cargo().args(["build", "--release", "--package", "sockshop"]))?;
    let artefacts = artefacts("browser")?;
    let mut tests = Command::new(node);
    tests
        .current_dir(&suite)
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    tests.env("SOCKSHOP", sh::root().join("target/release/sockshop"));
    tests.env("CHROMIUM", chromium).env("ARTEFACTS", &artefacts);
    sh::run(&mut tests)?;

    let pictures = std::fs::read_dir(&artefacts)?.count();
    ensure!(pictures > 0, "the suite kept no screenshots");
    eprintln!("{pictures} screenshots in {}", artefacts.display());
    Ok(())
}

/// An empty folder for what a suite leaves behind.
pub(crate) fn artefacts(suite: &str) -> anyhow::Result<PathBuf> {
    let folder = sh::root().join("artefacts").join(suite);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
