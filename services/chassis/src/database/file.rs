//! The file of an embedded database.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use anyhow::Context;
use sqlx::sqlite::SqliteConnectOptions;

/// Only who runs the process reads it: it holds names and addresses.
const MODE: u32 = 0o600;

/// The path of the `SQLite` database at `url`; nothing for one in memory.
pub(super) fn path(url: &str) -> Option<PathBuf> {
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    if in_memory || !url.starts_with("sqlite:") {
        return None;
    }
    let options: SqliteConnectOptions = url.parse().ok()?;
    let path = options.get_filename().to_owned();
    Some(path).filter(|path| !path.as_os_str().is_empty())
}

/// Makes the database at `url` nobody else's to read, as are then its `-wal` and
/// `-shm`: those get the mode of the database. Creates it where the URL says so.
pub(super) fn keep_private(url: &str) -> anyhow::Result<()> {
    let Some(path) = path(url) else {
        return Ok(());
    };
    if url.contains("mode=rwc") && !path.exists() {
        let mut create = OpenOptions::new();
        let create = create.write(true).create_new(true).mode(MODE);
        match create.open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            created => {
                created.with_context(|| format!("cannot create {}", path.display()))?;
            }
        }
        return Ok(());
    }
    // A file of somebody else's, or of a read-only disk, may still be read.
    if std::fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
        && let Err(error) = std::fs::set_permissions(&path, Permissions::from_mode(MODE))
    {
        tracing::warn!(path = %path.display(), %error, "others can read the database");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_what_the_url_names() {
        for (url, wanted) in [
            ("sqlite:orders.db?mode=rwc", Some("orders.db")),
            ("sqlite:///data/a%20b.db", Some("/data/a b.db")),
            ("sqlite::memory:", None),
            ("sqlite://x?mode=memory", None),
        ] {
            assert_eq!(path(url), wanted.map(PathBuf::from), "{url}");
        }
    }
}
