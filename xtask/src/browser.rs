//! The shop in a real browser: buys socks in headless Chromium, with and
//! without JavaScript, by keyboard only, and lets axe look at every page.

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

    let binary = sh::release()?;
    let artefacts = sh::artefacts("browser")?;
    let mut tests = Command::new(node);
    tests
        .current_dir(&suite)
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    tests.env("SOCKSHOP", binary);
    tests.env("CHROMIUM", chromium).env("ARTEFACTS", &artefacts);
    sh::run(&mut tests)?;

    let pictures = std::fs::read_dir(&artefacts)?.count();
    ensure!(pictures > 0, "the suite kept no screenshots");
    eprintln!("{pictures} screenshots in {}", artefacts.display());
    Ok(())
}
