//! The crash-point tests, with each store.

use anyhow::Context;

use super::{Store, Stores, variables};
use crate::sh;

/// What builds the shop with its deliberate bugs and crash points, and the tests
/// of those. The whole workspace: choosing a package would choose other features
/// of everything it needs, and compile all that anew.
pub(super) const BUILD: [&str; 6] = [
    "test",
    "--workspace",
    "--features",
    "sockshop/failpoints",
    "--test",
    "crash_points",
];

/// Runs the crash-point tests on each store.
pub(crate) fn run(stores: &Stores) -> anyhow::Result<()> {
    for store in &stores.store {
        one(*store).with_context(|| format!("with {}", store.name()))?;
    }
    Ok(())
}

fn one(store: Store) -> anyhow::Result<()> {
    println!("store                 {}", store.name());
    let folder = tempfile::tempdir()?;
    let servers = store.open(folder.path())?;
    let told = variables(servers.as_ref()).iter();
    let mut test = sh::cargo();
    test.args(BUILD)
        .args(["--", "--test-threads=1", "--show-output"]);
    sh::run(test.envs(told.map(|(name, value)| (name, value))))
}
