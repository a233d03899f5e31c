//! The data folder of a shop: what makes it *this* shop.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::secret;
use crate::service::Service;

/// Names the data folder in the environment.
pub(crate) const DATA: &str = "SOCKSHOP_DATA";

/// Which shop is meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DataDirArg {
    /// Folder that holds the shop's data, and so names the shop.
    #[arg(long, env = DATA, default_value = ".sockshop")]
    pub(crate) data: PathBuf,
}

/// A data folder. The shop's supervisor holds a lock on a file in it.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// Proof that this process is the shop's only supervisor.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

/// What front-ends sign sessions with.
pub(crate) const SESSION_KEY: &str = "session.key";

/// What the mesh knows its own by.
pub(crate) const MESH_KEY: &str = "mesh.key";

/// Marks a folder as a shop's.
const LOCK: &str = "shop.lock";

impl DataDir {
    /// The folder meant by `which`, there or not.
    pub(crate) fn new(which: &DataDirArg) -> anyhow::Result<Self> {
        let path = std::path::absolute(&which.data).context("--data names no folder")?;
        Ok(Self { path })
    }

    /// The folder at `path`.
    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Path of the data directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The state of the shop, as its supervisor wrote it last.
    pub(crate) fn state(&self) -> PathBuf {
        self.path.join("state.json")
    }

    /// What the shop is to be made of.
    pub(crate) fn wanted(&self) -> PathBuf {
        self.path.join("wanted.json")
    }

    /// The policies that the mesh node called `name` keeps.
    pub(crate) fn policies(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.policies.json"))
    }

    /// What is remembered of releases to the target of this name.
    pub(crate) fn releases(&self, target: &str) -> PathBuf {
        self.path.join("releases").join(target)
    }

    /// The folder of the logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The log of the process called `name`.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Fails when a supervisor holds the lock, and changes nothing.
    pub(crate) fn check_free(&self) -> anyhow::Result<()> {
        if self.is_running() {
            bail!("{}", self.taken());
        }
        Ok(())
    }

    /// Makes the folder where it is missing, keeps others out of it, and locks
    /// it. With `fresh`, a folder that holds something but was never a shop's is
    /// refused. What a refusal leaves is what was there before.
    pub(crate) fn open(&self, fresh: bool) -> anyhow::Result<Lock> {
        let missing = self.missing();
        let opened = self.make(fresh);
        if opened.is_err() {
            for made in &missing {
                _ = fs::remove_dir(made).or_else(|_| fs::remove_file(made));
            }
        }
        opened
    }

    /// What of a shop's folder is not there, the innermost first.
    fn missing(&self) -> Vec<PathBuf> {
        let inner = [self.path.join(LOCK), self.logs()];
        let around = self.path.ancestors().map(Path::to_owned);
        let all = inner.into_iter().chain(around);
        all.filter(|path| fs::symlink_metadata(path).is_err())
            .collect()
    }

    fn make(&self, fresh: bool) -> anyhow::Result<Lock> {
        let shown = self.path.display();
        if self.path.exists() && !self.path.is_dir() {
            bail!("{shown} is a file: --data needs a folder");
        }
        let unwritable = || format!("cannot write to the data folder {shown}");
        fs::create_dir_all(&self.path).with_context(unwritable)?;
        if fresh && !self.is_a_shops() && fs::read_dir(&self.path)?.next().is_some() {
            bail!("{shown} is not a shop's folder: nothing was removed");
        }
        fs::create_dir_all(self.logs()).with_context(unwritable)?;
        self.keep_others_out().with_context(unwritable)?;
        let mut options = File::options();
        let options = options.create(true).truncate(false).read(true).write(true);
        let file = options
            .open(self.path.join(LOCK))
            .with_context(unwritable)?;
        self.lock(file)
    }

    /// Folders 0700 and files 0600, also where a release before left them open.
    /// A folder in which there is more than a shop, and what is not the shop's in
    /// it, stay as they are.
    fn keep_others_out(&self) -> std::io::Result<()> {
        let entries = fs::read_dir(&self.path)?
            .flatten()
            .map(|entry| entry.path());
        let logs = fs::read_dir(self.logs())?
            .flatten()
            .map(|entry| entry.path());
        let (own, foreign): (Vec<_>, Vec<_>) = entries.chain(logs).partition(|path| is_own(path));
        for file in own.iter().filter(|path| path.is_file()) {
            restrict(file, 0o600)?;
        }
        restrict(&self.logs(), 0o700)?;
        if foreign.is_empty() {
            restrict(&self.path, 0o700)?;
        }
        Ok(())
    }

    fn taken(&self) -> String {
        let shown = self.path.display();
        format!("a shop already runs on {shown}: `sockshop down` ends it, --data starts another")
    }

    fn is_a_shops(&self) -> bool {
        self.path.join(LOCK).exists()
    }

    fn lock(&self, file: File) -> anyhow::Result<Lock> {
        let shown = self.path.display();
        // Whoever only looks (`is_running`) holds the lock for a moment, too.
        for _ in 0..10 {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
                Err(TryLockError::Error(error)) => bail!("cannot lock {shown}: {error}"),
            }
        }
        bail!("{}", self.taken())
    }

    /// Whether a supervisor holds the lock.
    pub(crate) fn is_running(&self) -> bool {
        File::open(self.path.join(LOCK))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Removes what a shop keeps, and nothing else.
    pub(crate) fn empty(&self, _: &Lock) -> anyhow::Result<()> {
        let stores = Service::ALL.into_iter().filter_map(Service::store);
        let stores =
            stores.flat_map(|(_, file)| ["", "-wal", "-shm"].map(|end| file.clone() + end));
        let logs = Service::ALL.iter().flat_map(|service| {
            (1..=super::up::MAX_INSTANCES).map(move |n| format!("logs/{service}-{n}.log"))
        });
        let policies = (1..=super::up::MAX_INSTANCES).map(|n| format!("meshd-{n}.policies.json"));
        let others = [SESSION_KEY, MESH_KEY, "state.json", "wanted.json"].map(str::to_owned);
        for name in stores.chain(logs).chain(policies).chain(others) {
            match fs::remove_file(self.path.join(&name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    bail!("cannot remove {name} from {}: {error}", self.path.display());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The secret that the mesh knows its own by, once a supervisor has made it.
    pub(crate) fn mesh_key(&self) -> anyhow::Result<String> {
        let path = self.path.join(MESH_KEY);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The secret called `name`: made once, for nobody else's eyes.
    pub(crate) fn secret(&self, name: &str, _: &Lock) -> anyhow::Result<String> {
        let path = self.path.join(name);
        let shown = path.display();
        match fs::read_to_string(&path) {
            Ok(secret) if secret.len() >= 64 => return Ok(secret),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                bail!("cannot read {shown}: {error}")
            }
            _ => {}
        }
        let secret = secret::random();
        let mut options = File::options();
        let options = options.create(true).truncate(true).write(true).mode(0o600);
        let mut file = options
            .open(&path)
            .with_context(|| format!("cannot write {shown}"))?;
        file.write_all(secret.as_bytes())?;
        Ok(secret)
    }
}

/// Whether a path in a data folder is one that shops make.
fn is_own(path: &Path) -> bool {
    const KINDS: [&str; 8] = [
        "db", "db-wal", "db-shm", "json", "key", "lock", "log", "new",
    ];
    let kind = path.extension().and_then(|kind| kind.to_str());
    path.ends_with("logs") || kind.is_some_and(|kind| KINDS.contains(&kind))
}

/// Takes away whatever `mode` does not allow.
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 & !mode == 0 {
        return Ok(());
    }
    permissions.set_mode(permissions.mode() & mode);
    match fs::set_permissions(path, permissions) {
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_others_could_read_is_closed_to_them() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataDir::at(&outer.path().join("shop"));
        fs::create_dir(folder.path()).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("user.db"), "").unwrap();
        let _lock = folder.open(false).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.logs()), 0o700);
        assert_eq!(mode(&folder.path().join("user.db")), 0o600);
    }

    #[test]
    fn a_folder_with_other_things_in_it_stays_open() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataDir::at(outer.path());
        let thesis = outer.path().join("thesis.txt");
        fs::write(&thesis, "mine").unwrap();
        for path in [outer.path(), &thesis] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let _lock = folder.open(false).unwrap();
        assert_eq!((mode(outer.path()), mode(&thesis)), (0o755, 0o755));
        assert_eq!(mode(&folder.logs()), 0o700);
    }

    #[test]
    fn a_refusal_leaves_what_was_there_before() {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("thesis.txt"), "mine").unwrap();
        assert!(DataDir::at(outer.path()).open(true).is_err());
        assert!(
            DataDir::at(&outer.path().join("thesis.txt/shop"))
                .open(false)
                .is_err()
        );
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    }
}
