//! What is remembered of a rollout on the machine of who drives it, so that
//! `status`, `promote` and `abort` work from another terminal. The truth about
//! versions and shares is in the target.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::judge::{Evidence, Verdict};
use crate::plan::Plan;

/// A rollout that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the service.
    pub service: String,
    /// The version that served before.
    pub from: String,
    /// The version that is to take over.
    pub to: String,
    /// Plan of the rollout.
    pub plan: Plan,
    /// When, in milliseconds since the Unix epoch.
    pub begun_ms: i64,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Record of the rollout at its start.
    #[serde(flatten)]
    pub record: Record,
    /// Whether the new version took over.
    pub promoted: bool,
    /// Reasons for an abort; empty after a promotion.
    pub reasons: Vec<String>,
    /// When it ended, in milliseconds since the Unix epoch.
    pub ended_ms: i64,
}

/// What another terminal may ask the driver for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intervention {
    /// All requests to the new version, now.
    Promote,
    /// Back to the old one.
    Abort,
}

/// Where records of one target are kept.
#[derive(Clone, Debug)]
pub struct RolloutStore {
    folder: PathBuf,
}

/// Proof that nobody else drives a rollout of this service.
#[derive(Debug)]
pub struct RolloutLock(#[expect(dead_code, reason = "held for its lock")] File);

impl RolloutStore {
    /// Records in `folder`, which is made when it is missing.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot write to {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Records in `folder`, to be looked at: it may be missing.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Takes the wheel for `service`; fails while another command has it.
    pub fn drive(&self, service: &str) -> anyhow::Result<RolloutLock> {
        let file = self.file(service, "lock")?;
        match file.try_lock() {
            Ok(()) => Ok(RolloutLock(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "a release of {service} is on its way: see `sockshop release status`, \
                 or end it with `sockshop release abort {service}`"
            ),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Whether a command drives a rollout of `service` now.
    #[must_use]
    pub fn is_locked(&self, service: &str) -> bool {
        let file = self.file(service, "lock");
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn file(&self, service: &str, ending: &str) -> anyhow::Result<File> {
        let mut options = File::options();
        let options = options.create(true).truncate(false).read(true).write(true);
        Ok(options.open(self.path(service, ending))?)
    }

    fn path(&self, service: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{service}.{ending}"))
    }

    /// Remembers that `record` has begun.
    pub fn begin(&self, record: &Record) -> anyhow::Result<()> {
        self.forget_wish(&record.service);
        let path = self.path(&record.service, "json");
        let draft = path.with_extension("json.new");
        fs::write(&draft, serde_json::to_vec_pretty(record)?)?;
        Ok(fs::rename(draft, path)?)
    }

    /// The rollout of `service` that has begun and not ended.
    #[must_use]
    pub fn current(&self, service: &str) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.path(service, "json")).ok()?).ok()
    }

    /// All rollouts that have begun and not ended.
    pub fn all(&self) -> anyhow::Result<Vec<Record>> {
        let mut services: Vec<String> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            services.extend(name.strip_suffix(".json").map(str::to_owned));
        }
        services.sort();
        Ok(services
            .iter()
            .filter_map(|name| self.current(name))
            .collect())
    }

    /// Notes what the judge saw and said, a line each time.
    pub fn judged(&self, service: &str, share: u8, evidence: &Evidence, verdict: &Verdict) {
        let line = serde_json::json!({
            "at_ms": chassis::clock::now_ms(), "service": service, "percent": share,
            "verdict": verdict, "evidence": evidence,
        });
        self.append("verdicts.jsonl", &line.to_string());
    }

    /// Remembers how a rollout ended.
    pub fn end(&self, entry: &Entry) -> anyhow::Result<()> {
        self.append("history.jsonl", &serde_json::to_string(entry)?);
        self.forget_wish(&entry.record.service);
        Ok(fs::remove_file(self.path(&entry.record.service, "json"))?)
    }

    /// How rollouts ended, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.folder.join("history.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Asks whoever drives the rollout of `service`.
    pub fn ask(&self, service: &str, wish: Intervention) -> anyhow::Result<()> {
        Ok(fs::write(
            self.path(service, "wish"),
            serde_json::to_vec(&wish)?,
        )?)
    }

    /// What another terminal asks for, once.
    #[must_use]
    pub fn asked(&self, service: &str) -> Option<Intervention> {
        let wish = fs::read(self.path(service, "wish")).ok()?;
        self.forget_wish(service);
        serde_json::from_slice(&wish).ok()
    }

    fn forget_wish(&self, service: &str) {
        _ = fs::remove_file(self.path(service, "wish"));
    }

    /// A full disk must not stop a rollout half-way, so this only warns.
    fn append(&self, name: &str, line: &str) {
        let path = self.folder.join(name);
        let file = File::options().create(true).append(true).open(&path);
        if let Err(error) = file.and_then(|mut file| writeln!(file, "{line}")) {
            tracing::warn!(%error, path = %path.display(), "not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Strategy;

    fn record() -> Record {
        Record {
            service: "catalogue".into(),
            from: "v1".into(),
            to: "v2".into(),
            plan: Plan::usual(Strategy::Canary),
            begun_ms: 7,
        }
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let records = RolloutStore::open(folder.path()).unwrap();
        let driving = records.drive("catalogue").unwrap();
        let refused = records.drive("catalogue").unwrap_err().to_string();
        assert!(refused.contains("on its way"), "{refused}");
        assert!(records.is_locked("catalogue") && !records.is_locked("user"));
        records.drive("user").unwrap();
        drop(driving);
        assert!(!records.is_locked("catalogue"));
        records.drive("catalogue").unwrap();
    }

    #[test]
    fn a_rollout_is_remembered_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let records = RolloutStore::open(folder.path()).unwrap();
        records.begin(&record()).unwrap();
        assert_eq!(records.all().unwrap(), [record()]);
        let entry = Entry {
            record: record(),
            promoted: false,
            reasons: vec!["too slow".into()],
            ended_ms: 9,
        };
        records.end(&entry).unwrap();
        assert_eq!(records.current("catalogue"), None);
        assert_eq!(records.history(), [entry]);
    }

    #[test]
    fn a_wish_is_heard_once() {
        let folder = tempfile::tempdir().unwrap();
        let records = RolloutStore::open(folder.path()).unwrap();
        records.ask("user", Intervention::Abort).unwrap();
        assert_eq!(records.asked("user"), Some(Intervention::Abort));
        assert_eq!(records.asked("user"), None);
    }
}
