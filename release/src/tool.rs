//! The commands of a target, as a person would type them.

use std::ffi::{OsStr, OsString};
use std::io::{Seek, Write};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

/// Default time limit for one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// A command line tool.
#[derive(Clone, Debug)]
pub struct Tool {
    program: String,
    /// How it is shown to people.
    name: String,
    /// Shows what would change something instead of doing it.
    dry_run: bool,
    patience: Duration,
    variables: Vec<(&'static str, OsString)>,
}

impl Tool {
    /// The tool `program`, shown as `name`.
    #[must_use]
    pub fn new(program: impl Into<String>, name: impl Into<String>, dry_run: bool) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            dry_run,
            patience: COMMAND_TIMEOUT,
            variables: Vec::new(),
        }
    }

    /// The same tool, for commands that may take as long as `patience`.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same tool, with this variable in its environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// Whether it only shows what would change something.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    /// Runs what only looks, and returns what it prints.
    pub async fn read(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.output(words).await?;
        self.succeeded(words, &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs what only looks, and returns what it prints even when it fails.
    pub async fn read_anyway(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.output(words).await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs what changes something, or shows it in a dry run.
    pub async fn act(&self, words: &[&str]) -> anyhow::Result<()> {
        if self.dry_run {
            println!("{}", self.shown(words));
            return Ok(());
        }
        self.read(words).await.map(drop)
    }

    /// Like [`act`](Self::act), with something to read on standard input.
    pub async fn feed(&self, words: &[&str], input: &str) -> anyhow::Result<()> {
        if self.dry_run {
            println!("{} <<'END'\n{input}\nEND", self.shown(words));
            return Ok(());
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(input.as_bytes())?;
        file.rewind()?;
        let output = self.output_of(words, file.into()).await?;
        self.succeeded(words, &output)
    }

    fn succeeded(&self, words: &[&str], output: &Output) -> anyhow::Result<()> {
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed: {}", self.shown(words), said.trim());
        }
        Ok(())
    }

    async fn output(&self, words: &[&str]) -> anyhow::Result<Output> {
        self.output_of(words, Stdio::null()).await
    }

    async fn output_of(&self, words: &[&str], input: Stdio) -> anyhow::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(words).stdin(input).kill_on_drop(true);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = tokio::time::timeout(self.patience, command.output()).await;
        output
            .with_context(|| format!("`{}` takes too long", self.shown(words)))?
            .with_context(|| format!("cannot run {}: is it installed?", self.program))
    }

    /// The command as a person would type it.
    #[must_use]
    pub fn shown(&self, words: &[&str]) -> String {
        let words = words.iter().map(|word| quoted(word));
        std::iter::once(self.name.clone())
            .chain(words)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_a_shell_takes_them() {
        let tool = Tool::new("/usr/bin/docker", "docker", true);
        let shown = tool.shown(&["ps", "--filter", "label=a b", "it's"]);
        assert_eq!(shown, r"docker ps --filter 'label=a b' 'it'\''s'");
    }

    #[tokio::test]
    async fn a_dry_run_changes_nothing_and_a_failure_is_told() {
        Tool::new("false", "false", true).act(&[]).await.unwrap();
        let tool = Tool::new("false", "false", false);
        assert!(tool.act(&[]).await.is_err());
        let missing = Tool::new("no-such-program-here", "x", false);
        let error = missing.read(&["y"]).await.unwrap_err().to_string();
        assert!(error.contains("is it installed"), "{error}");
    }
}
