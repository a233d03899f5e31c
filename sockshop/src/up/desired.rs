//! What the shop is to be made of: `wanted.json`, which other commands may
//! change while it runs.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use release::record::RolloutStore;
use serde::{Deserialize, Serialize};

use super::plan::MAX_INSTANCES;
use crate::data_dir::DataDir;
use crate::service::Service;

/// The release that runs when nothing is said.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// So many instances of one version of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Desired {
    /// Service that is to run.
    pub(crate) service: Service,
    /// Version that is to run.
    pub(crate) version: String,
    /// Number of instances.
    pub(crate) count: u8,
}

/// So many instances of a service, as a command line says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Service that is to run.
    pub(crate) service: Service,
    /// The version, where one is named.
    pub(crate) version: Option<String>,
    /// Number of instances.
    pub(crate) count: u8,
}

impl Scale {
    /// With the version that those have who name none, as `promoted` knows it.
    pub(crate) fn resolve(&self, promoted: &Promoted) -> Desired {
        let version = self.version.clone();
        Desired {
            service: self.service,
            version: version.unwrap_or_else(|| promoted.version(self.service)),
            count: self.count,
        }
    }
}

/// The versions that were promoted last, and stay when the shop is opened again.
#[derive(Debug, Default)]
pub(crate) struct Promoted(Vec<(Service, String)>);

impl Promoted {
    /// Those of the shop in `folder`.
    pub(crate) fn of(folder: &DataDir) -> Self {
        let ended = RolloutStore::at(&folder.releases("local")).history();
        let promoted = ended.into_iter().filter(|entry| entry.promoted);
        let named = promoted.filter_map(|entry| {
            let service = Service::from_str(&entry.record.service, false).ok()?;
            Some((service, entry.record.to))
        });
        Self(named.collect())
    }

    /// The version of `service`: that of this program, unless another was promoted.
    pub(crate) fn version(&self, service: Service) -> String {
        let last = self.0.iter().rev().find(|(of, _)| *of == service);
        last.map_or_else(|| VERSION.to_owned(), |(_, version)| version.clone())
    }
}

/// Everything that is wanted: one instance of each service, unless `said`
/// names other numbers for it.
pub(crate) fn all(said: &[Scale], promoted: &Promoted) -> Vec<Desired> {
    let mut all = Vec::new();
    for service in Service::SHOP {
        let mut of_it = said.iter().filter(|one| one.service == service).peekable();
        if of_it.peek().is_none() {
            all.push(Desired {
                service,
                version: promoted.version(service),
                count: 1,
            });
        }
        for one in of_it {
            set(&mut all, one.resolve(promoted));
        }
    }
    all
}

/// Replaces what `all` says of that version.
fn set(all: &mut Vec<Desired>, new: Desired) {
    all.retain(|one| (one.service, &one.version) != (new.service, &new.version));
    all.push(new);
}

/// Refuses more instances of a service than there can be.
pub(crate) fn check(all: &[Desired]) -> anyhow::Result<()> {
    for service in Service::SHOP {
        let of_it = all.iter().filter(|one| one.service == service);
        let sum: u32 = of_it.map(|one| u32::from(one.count)).sum();
        ensure!(
            sum <= u32::from(MAX_INSTANCES),
            "there can be at most {MAX_INSTANCES} instances of {service}"
        );
    }
    Ok(())
}

/// Reads `SERVICE=N` or `SERVICE@VERSION=N`.
pub(crate) fn parse(text: &str) -> Result<Scale, String> {
    let (name, count) = text
        .split_once('=')
        .ok_or("it must be SERVICE=N, such as catalogue=2, or SERVICE@VERSION=N")?;
    let (name, version) = match name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    let service = Service::from_str(name, false).ok();
    let service = service.filter(|service| Service::SHOP.contains(service));
    let service = service.ok_or_else(|| {
        let names = Service::SHOP.map(Service::name).join(", ");
        format!("there is no service `{name}`; there are {names}")
    })?;
    let version = version.map(release::version::parse).transpose()?;
    let count = count.parse().ok().filter(|count| *count <= MAX_INSTANCES);
    let count = count.ok_or_else(|| format!("there can be 0 to {MAX_INSTANCES} of a version"))?;
    Ok(Scale {
        service,
        version,
        count,
    })
}

/// As [`parse`], for a shop that is to be opened: there, nothing is wanted by
/// not naming it.
pub(crate) fn parse_some(text: &str) -> Result<Scale, String> {
    let wanted = parse(text)?;
    match wanted.count {
        0 => Err(format!("there can be 1 to {MAX_INSTANCES} of a version")),
        _ => Ok(wanted),
    }
}

/// The file that says what is wanted, locked against other writers.
pub(crate) struct DesiredFile {
    path: PathBuf,
    _lock: File,
}

impl DesiredFile {
    /// The file of the shop in `folder`, once nobody else changes it.
    pub(crate) fn open(folder: &DataDir) -> anyhow::Result<Self> {
        let path = folder.path().join("wanted.lock");
        let lock =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        lock.lock()?;
        Ok(Self {
            path: folder.wanted(),
            _lock: lock,
        })
    }

    /// Writes what is wanted, in one step.
    pub(crate) fn write(&self, all: &[Desired]) -> anyhow::Result<()> {
        let draft = self.path.with_extension("json.new");
        let write = || {
            fs::write(&draft, serde_json::to_vec_pretty(all)?)?;
            fs::rename(&draft, &self.path)?;
            anyhow::Ok(())
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Changes what is wanted as `said`, and returns all of it.
    pub(crate) fn change(&self, said: &[Desired]) -> anyhow::Result<Vec<Desired>> {
        let mut all = read(&self.path)?;
        for one in said {
            set(&mut all, one.clone());
        }
        check(&all)?;
        self.write(&all)?;
        Ok(all)
    }
}

/// What is wanted of the shop in `folder`.
pub(crate) fn now(folder: &DataDir) -> anyhow::Result<Vec<Desired>> {
    read(&folder.wanted())
}

fn read(path: &std::path::Path) -> anyhow::Result<Vec<Desired>> {
    let read = || anyhow::Ok(serde_json::from_slice(&fs::read(path)?)?);
    read().with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(all: &[Desired]) -> Vec<(&str, u8)> {
        let of_carts = all.iter().filter(|one| one.service == Service::Carts);
        of_carts
            .map(|one| (one.version.as_str(), one.count))
            .collect()
    }

    fn parsed(texts: &[&str]) -> Vec<Scale> {
        texts.iter().map(|text| parse(text).unwrap()).collect()
    }

    fn said(texts: &[&str]) -> Vec<Desired> {
        let resolved = parsed(texts).into_iter();
        resolved
            .map(|one| one.resolve(&Promoted::default()))
            .collect()
    }

    fn everything(texts: &[&str]) -> Vec<Desired> {
        all(&parsed(texts), &Promoted::default())
    }

    #[test]
    fn what_was_promoted_is_the_version_of_those_that_name_none() {
        let promoted = Promoted(vec![
            (Service::Carts, "v2".to_owned()),
            (Service::Carts, "v3".to_owned()),
        ]);
        assert_eq!(counts(&all(&[], &promoted)), [("v3", 1)]);
        let two = parsed(&["carts=2", "carts@v2=1"]);
        assert_eq!(counts(&all(&two, &promoted)), [("v3", 2), ("v2", 1)]);
    }

    #[test]
    fn services_are_called_by_either_name() {
        assert_eq!(
            counts(&said(&["carts=2", "cart@v2=3"])),
            [(VERSION, 2), ("v2", 3)]
        );
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        for wrong in [
            "catalogue",
            "catalogue=",
            "catalogue=51",
            "catalogue=-1",
            "catalogue@=1",
            "catalogue@v 2=1",
            "catalogue@V2=1",
            "catalogue@v_2=1",
            "socks=2",
            "meshd=2",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse("socks=2").is_err_and(|error| error.contains("queue-master")));
        assert!(parse("user=0").is_ok() && parse_some("user=0").is_err());
    }

    #[test]
    fn there_is_one_of_each_unless_something_else_is_said() {
        assert_eq!(everything(&[]).len(), Service::SHOP.len());
        assert_eq!(counts(&everything(&[])), [(VERSION, 1)]);
        let two = everything(&["carts@v1=1", "carts@v2=1", "carts@v1=2"]);
        assert_eq!(counts(&two), [("v2", 1), ("v1", 2)]);
    }

    #[test]
    fn too_many_together_are_refused() {
        assert!(check(&everything(&["carts@v1=25", "carts@v2=25"])).is_ok());
        assert!(check(&everything(&["carts@v1=25", "carts@v2=26"])).is_err());
    }

    #[test]
    fn what_is_wanted_is_kept_and_changed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataDir::at(folder.path());
        let wishes = DesiredFile::open(&folder).unwrap();
        wishes.write(&everything(&[])).unwrap();
        let changed = wishes.change(&said(&["carts@v2=1", "carts=3"])).unwrap();
        assert_eq!(counts(&changed), [("v2", 1), (VERSION, 3)]);
        assert_eq!(now(&folder).unwrap(), changed);
        assert!(wishes.change(&said(&["carts=50"])).is_err());
        assert_eq!(now(&folder).unwrap(), changed);
    }
}
