//! A memory cgroup, of either version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// One of our own, removed when this is dropped.
pub(super) struct Cgroup {
    folder: PathBuf,
    files: &'static Files,
}

/// What the files of a cgroup are called.
struct Files {
    root: &'static str,
    limit: &'static str,
    peak: &'static str,
}

/// Version 1, and version 2.
const VERSIONS: [Files; 2] = [
    Files {
        root: "/sys/fs/cgroup/memory",
        limit: "memory.limit_in_bytes",
        peak: "memory.max_usage_in_bytes",
    },
    Files {
        root: "/sys/fs/cgroup",
        limit: "memory.max",
        peak: "memory.peak",
    },
];

impl Cgroup {
    /// Makes one called `name`, without a limit yet.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        for files in &VERSIONS {
            let folder = Path::new(files.root).join(name);
            // What an earlier run left, if it was killed.
            _ = fs::remove_dir(&folder);
            if fs::create_dir(&folder).is_ok() {
                let cgroup = Self { folder, files };
                if cgroup.folder.join(files.limit).exists() {
                    return Ok(cgroup);
                }
            }
        }
        anyhow::bail!("no memory cgroup can be made in /sys/fs/cgroup: run this as root")
    }

    /// Lets the process `id` live in it; what it starts from now on does too.
    pub(super) fn add(&self, id: u32) -> anyhow::Result<()> {
        write(&self.folder.join("cgroup.procs"), &id.to_string())
    }

    /// Lets the process `id` out again.
    pub(super) fn remove(&self, id: u32) -> anyhow::Result<()> {
        write(
            &Path::new(self.files.root).join("cgroup.procs"),
            &id.to_string(),
        )
    }

    /// Whether the process `id` lives in it.
    pub(super) fn has(&self, id: u32) -> anyhow::Result<bool> {
        let members = fs::read_to_string(self.folder.join("cgroup.procs"))?;
        Ok(members.lines().any(|member| member == id.to_string()))
    }

    /// Lets its processes have so many `bytes` together.
    pub(super) fn limit(&self, bytes: u64) -> anyhow::Result<()> {
        write(&self.folder.join(self.files.limit), &bytes.to_string())
    }

    /// The most that its processes had together, in bytes.
    pub(super) fn peak(&self) -> anyhow::Result<u64> {
        let peak = fs::read_to_string(self.folder.join(self.files.peak))?;
        Ok(peak.trim().parse()?)
    }

    /// Begins to measure the peak anew, where the kernel can.
    pub(super) fn forget_peak(&self) -> anyhow::Result<()> {
        ensure!(self.folder.exists(), "the cgroup is gone");
        _ = fs::write(self.folder.join(self.files.peak), "0");
        Ok(())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        _ = fs::remove_dir(&self.folder);
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {text} to {}", file.display()))
}
