//! `sockshop secret`: for set-ups whose first start shall need no preparation.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Where it is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// File for the secret, in a folder that only those who may know it can see. One that is there stays as it is.
    file: PathBuf,
}

/// Makes the secret, unless there is one.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let file = &options.file;
    if file.exists() {
        return Ok(());
    }
    make(file).with_context(|| format!("cannot write {}", file.display()))
}

/// Writes 256 random bits in hex. The file appears complete or not at all, and
/// is readable by all, as Docker's secrets are: whom it is mounted for may run
/// as anybody.
fn make(file: &Path) -> std::io::Result<()> {
    let begun = file.with_extension("new");
    _ = fs::remove_file(&begun); // by one who died here
    let mut options = File::options();
    let mut made = options
        .create_new(true)
        .write(true)
        .mode(0o444)
        .open(&begun)?;
    made.write_all(random().as_bytes())?;
    made.sync_all()?;
    fs::rename(begun, file)
}

/// 256 random bits in hex.
pub(crate) fn random() -> String {
    let [high, low]: [u128; 2] = rand::random();
    format!("{high:032x}{low:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let options = Options { file: file.clone() };
        run(&options).unwrap();
        let first = fs::read_to_string(&file).unwrap();
        assert_eq!(first.len(), 64);
        run(&options).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let file = PathBuf::from("/nowhere/key");
        let error = run(&Options { file }).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /nowhere/key");
    }
}
