//! Releases whose command dies right after one of its changes, each change in turn.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// The platform's tool, which kills its caller after one change.
const TOOL: &str = include_str!("interrupted/tool.sh");

/// More changes than any release makes.
const MAX_CHANGES: u32 = 40;

/// Releases one of two `versions` of catalogue after the other by `tool`, where the first
/// runs; kills the command after each change, and ends what is left by `abort`, `promote`
/// and the same command in turn. Fails when `only` finds that anything but the right
/// version is left.
pub(crate) fn at_every_change(
    tool: &str,
    versions: [&str; 2],
    release: impl Fn(&[&str]) -> Command,
    only: impl Fn(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let wrapper = folder.path().join(tool);
    fs::write(&wrapper, TOOL)?;
    fs::set_permissions(&wrapper, Permissions::from_mode(0o755))?;
    let stays = Cell::new(versions[0]);
    for number in 1..MAX_CHANGES {
        let from = stays.get();
        let [one, other] = versions;
        let to = if from == one { other } else { one };
        let begin = ["blue-green", "catalogue", "--to", to, "--window", "1s"];
        let begin = [&begin[..], &["--requests", "0", "--no-business-check"]].concat();
        let died = killed_after(number, folder.path(), release(&begin))?;
        if !died {
            only(to)?;
            ensure!(number > 3, "only {number} changes were seen");
            println!("killed after each of {} changes of {tool}", number - 1);
            return Ok(());
        }
        let (end, left) = match number % 3 {
            0 => (release(&["abort", "catalogue"]), from),
            1 => (release(&["promote", "catalogue"]), to),
            _ => (release(&begin), to),
        };
        ended(end, to)
            .and_then(|()| only(left))
            .with_context(|| format!("killed after change {number}, from {from} to {to}"))?;
        stays.set(left);
    }
    anyhow::bail!("a release makes more than {MAX_CHANGES} changes")
}

/// Whether the command was killed after its `number`th change; it must end well otherwise.
fn killed_after(number: u32, folder: &Path, mut release: Command) -> anyhow::Result<bool> {
    let path = std::env::var("PATH")?;
    let counter = folder.join("changes");
    fs::write(&counter, "0")?;
    let status = release
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("REAL_PATH", path)
        .env("CHANGES", &counter)
        .env("KILL_AFTER", number.to_string())
        .stdout(Stdio::null())
        .status()?;
    match status.code() {
        None => Ok(true),
        Some(0) => Ok(false),
        Some(code) => anyhow::bail!("a release without trouble ended with {code}"),
    }
}

/// Runs the command that ends a rollout. One that is over is no failure: the last change
/// may have been the last thing to do.
fn ended(mut end: Command, to: &str) -> anyhow::Result<()> {
    let output = end.output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    let is_over = error.contains(&format!("is {to} already"));
    ensure!(output.status.success() || is_over, "not ended: {error}");
    Ok(())
}
