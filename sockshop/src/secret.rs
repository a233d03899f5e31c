//! `sockshop secret`: for set-ups whose first start shall need no preparation.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chassis::announce::MeshKey;

use crate::service::Service;

/// Where it is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// File for the secret, in a folder that only those who may know it can see. One that is there stays as it is.
    file: PathBuf,

    /// Take it for a mesh key, and write the credential of each service that has a folder here to FOLDER/SERVICE/credential.
    #[arg(long, value_name = "FOLDER")]
    credentials: Option<PathBuf>,
}

/// Makes the secret, unless there is one, and what is to be derived from it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let file = &options.file;
    let cannot_write = |file: &Path| format!("cannot write {}", file.display());
    if !file.exists() {
        write(file, &random()).with_context(|| cannot_write(file))?;
    }
    let Some(folder) = &options.credentials else {
        return Ok(());
    };
    let key = fs::read_to_string(file);
    let key = key.with_context(|| format!("cannot read {}", file.display()))?;
    let key: MeshKey = key.trim().parse().map_err(anyhow::Error::msg)?;
    for service in Service::SHOP {
        let folder = folder.join(service.name());
        let (file, credential) = (
            folder.join("credential"),
            key.credential(service.name()).expose(),
        );
        let is_there = fs::read_to_string(&file).is_ok_and(|known| known == credential);
        if folder.is_dir() && !is_there {
            write(&file, &credential).with_context(|| cannot_write(&file))?;
        }
    }
    Ok(())
}

/// Writes `secret`. The file appears complete or not at all, and is readable by
/// all, as Docker's secrets are: whom it is mounted for may run as anybody.
fn write(file: &Path, secret: &str) -> std::io::Result<()> {
    let begun = file.with_extension("new");
    _ = fs::remove_file(&begun); // by one who died here
    let mut options = File::options();
    let mut made = options
        .create_new(true)
        .write(true)
        .mode(0o444)
        .open(&begun)?;
    made.write_all(secret.as_bytes())?;
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
        let options = Options {
            file: file.clone(),
            credentials: None,
        };
        run(&options).unwrap();
        let first = fs::read_to_string(&file).unwrap();
        assert_eq!(first.len(), 64);
        run(&options).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn each_service_with_a_folder_gets_its_credential() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let orders = folder.path().join("orders");
        fs::create_dir(&orders).unwrap();
        let options = Options {
            file: file.clone(),
            credentials: Some(folder.path().to_owned()),
        };
        for key in [
            "the key that was there at first",
            "another key, brought along",
        ] {
            fs::remove_file(&file).unwrap_or_default();
            fs::write(&file, format!("{key}\n")).unwrap();
            run(&options).unwrap();
            let key: MeshKey = key.parse().unwrap();
            let written = fs::read_to_string(orders.join("credential")).unwrap();
            assert_eq!(written, key.credential("orders").expose());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let file = PathBuf::from("/nowhere/key");
        let options = Options {
            file,
            credentials: None,
        };
        let error = run(&options).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /nowhere/key");
    }
}
