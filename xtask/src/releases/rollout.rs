//! Runs `sockshop release` for the scenarios.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::ScenarioContext;
use crate::wait;

/// What every shop begins with.
pub(super) const FIRST: &str = "0.1.0";

/// No instance takes longer to leave.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

impl ScenarioContext<'_> {
    /// `sockshop release` with these arguments, here.
    pub(super) fn release(&self, arguments: &[&str]) -> Command {
        let here = ["--target", self.env.target().name()];
        self.env
            .command(&[&["release"][..], arguments, &here].concat())
    }

    /// Runs it to its end, and keeps what it says in the artefacts.
    pub(super) fn roll(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = self.release(arguments).output()?;
        let name = arguments
            .iter()
            .take(4)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        let said = [&*output.stdout, &*output.stderr].concat();
        std::fs::write(self.artefacts.join(format!("{name}.txt")), said)?;
        Ok(output)
    }

    /// As [`roll`](Self::roll), for one that must be promoted.
    pub(super) fn must_promote(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.roll(arguments)?;
        ensure!(
            output.status.success(),
            "release {} was not promoted:\n{}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Begins one and kills the command as soon as it says a line that begins with `word`.
    pub(super) fn kill_at(&self, arguments: &[&str], word: &str) -> anyhow::Result<()> {
        let mut release = self.release(arguments).stdout(Stdio::piped()).spawn()?;
        let output = release.stdout.take().context("it has no output")?;
        let met = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .any(|line| line.starts_with(word));
        release.kill()?;
        release.wait()?;
        if met {
            return Ok(());
        }
        bail!("release {} never came to `{word}`", arguments.join(" "))
    }

    /// Waits until instances of `version` are all there is of `service`.
    pub(super) fn only(&self, service: &str, version: &str) -> anyhow::Result<()> {
        let expected = vec![version; self.env.count(service)];
        let versions = || self.env.versions(service);
        let alone = || versions().is_ok_and(|all| all == expected);
        wait::until(
            &format!("{service} as {version} alone"),
            STOP_TIMEOUT,
            || alone().then_some(()),
        )
    }

    /// The lines in which the judge told what it saw, of a service.
    pub(super) fn verdicts(&self, service: &str) -> anyhow::Result<Vec<Value>> {
        let file = self.env.records().join(self.env.target().name());
        let text = std::fs::read_to_string(file.join("verdicts.jsonl"))?;
        let lines = text.lines().map(serde_json::from_str::<Value>);
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        Ok(lines
            .into_iter()
            .filter(|line| line["service"] == service)
            .collect())
    }
}
