//! Running other programs, and ending them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};

/// The root of the work tree.
pub(crate) fn root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map(PathBuf::from).unwrap_or(xtask)
}

/// The `cargo` that runs us.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// An executable that is ready, for whoever builds one for many suites.
const EXECUTABLE: &str = "SOCKSHOP_EXECUTABLE";

/// What `SOCKSHOP_EXECUTABLE` names: suites test it rather than one they build.
pub(crate) fn ready_made() -> Option<PathBuf> {
    std::env::var_os(EXECUTABLE).map(PathBuf::from)
}

/// Builds `sockshop` as a newcomer would, unless one is ready made, and returns
/// where it is.
pub(crate) fn release() -> anyhow::Result<PathBuf> {
    if let Some(ready) = ready_made() {
        return std::path::absolute(&ready)
            .with_context(|| format!("{EXECUTABLE}={}", ready.display()));
    }
    run(cargo().args(["build", "--release", "--package", "sockshop"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root().join("target"));
    Ok(target.join("release/sockshop"))
}

/// An empty folder for what a suite leaves behind.
pub(crate) fn artefacts(suite: &str) -> anyhow::Result<PathBuf> {
    let folder = root().join("artefacts").join(suite);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs `command`, shown first, and fails when it does.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// Runs `command` and returns what it prints.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    ensure!(
        output.status.success(),
        "{} failed: {}",
        shown(command),
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// As [`read`], for what may fail: its complaints are not shown.
pub(crate) fn read_quietly(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "{} failed", shown(command));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where the program called `name` is, installing the Debian package that has
/// it when it is missing and we may.
pub(crate) fn program(name: &str, package: &str, places: &[&str]) -> anyhow::Result<PathBuf> {
    if let Some(found) = find(name, places) {
        return Ok(found);
    }
    if !is_root() || find("apt-get", &[]).is_none() {
        bail!("{name} is missing: install the package {package}");
    }
    run(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.args(["-qq", "-y", "--no-install-recommends", "install", package]);
    run(install
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null()))?;
    find(name, places).with_context(|| format!("{package} brought no {name}"))
}

/// The folder of programs of the Python environment `folder`, which is made with
/// `package` (such as `name==1.2`) in it when it is missing.
pub(crate) fn venv(folder: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let programs = folder.join("bin");
    let marker = folder.join(package);
    if !marker.exists() {
        let python = program("python3", "python3-venv", &[])?;
        read(
            Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(folder),
        )
        .context("python3 makes no venv: install the package python3-venv")?;
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        let mut install = Command::new(programs.join("python"));
        run(install.args(pip).arg(package))?;
        std::fs::write(marker, "")?;
    }
    Ok(programs)
}

fn find(name: &str, places: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = places.iter().map(PathBuf::from).collect();
    folders.extend(std::env::split_paths(&path));
    folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether we run as root.
pub(crate) fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// A program that ends when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts `command`, without its standard output.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        eprintln!("$ {} &", shown(command));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", shown(command)))?;
        Ok(Self(child))
    }
}

impl Running {
    /// Process identifier of the child.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Ends it by this `signal`.
    pub(crate) fn end(&mut self, signal: &str) {
        let id = self.0.id().to_string();
        _ = Command::new("kill").args(["-s", signal, &id]).status();
        _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.end("TERM");
        }
    }
}
