//! The store suites on real servers: every service's tests again, on a
//! PostgreSQL and a Redis of their own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use serde_json::Value;

use crate::servers::{Postgres, Redis};
use crate::sh;

/// The crates that keep something.
const CRATES: [&str; 7] = [
    "catalogue",
    "cart",
    "orders",
    "payment",
    "user",
    "shipping",
    "frontend",
];

/// Starts both servers, runs the suites, ends the servers.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (postgres, redis) = (
        Postgres::start(folder.path())?,
        Redis::start(folder.path())?,
    );
    for test in tests()? {
        let mut run = Command::new(&test.executable);
        run.current_dir(&test.folder);
        run.env("TEST_DATABASE_URL", postgres.url("postgres"));
        sh::run(run.env("TEST_REDIS_URL", redis.url()))?;
    }
    Ok(())
}

/// A compiled test, and the folder it runs in.
struct Test {
    executable: PathBuf,
    folder: PathBuf,
}

/// The tests of [`CRATES`], compiled with the whole workspace: choosing some
/// packages would choose other features, and compile everything anew.
fn tests() -> anyhow::Result<Vec<Test>> {
    let mut build = sh::cargo();
    build.args(["test", "--workspace", "--no-run", "--message-format=json"]);
    let mut tests = Vec::new();
    for line in sh::read(&mut build)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let is_test = message["profile"]["test"] == true;
        let executable = message["executable"].as_str().filter(|_| is_test);
        let manifest = message["manifest_path"].as_str().map(Path::new);
        if let (Some(executable), Some(folder)) = (executable, manifest.and_then(Path::parent)) {
            let name = folder.file_name().and_then(OsStr::to_str);
            if name.is_some_and(|name| CRATES.contains(&name)) {
                let (executable, folder) = (executable.into(), folder.to_owned());
                tests.push(Test { executable, folder });
            }
        }
    }
    ensure!(!tests.is_empty(), "no store suites were built");
    Ok(tests)
}
