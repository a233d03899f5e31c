//! The ready-made releases: the same layers again, under the names that make a
//! process behave (`services/chassis/src/fault/profile.rs`).

use std::fs;

use anyhow::Context;

use super::{ALL, tagged};
use crate::docker;

/// Releases of every service of the shop.
const OF_ALL: [&str; 5] = ["v2", "v2-slow", "v2-errors", "v2-leak", "v2-slow-start"];

/// Releases of one: `orders` charges shipping twice, and the ribbon of
/// `front-end` is of the colour.
const OF_ONE: [(&str, &str); 3] = [
    ("orders", "v2-wrong-total"),
    ("front-end", "blue"),
    ("front-end", "green"),
];

/// What is no service of the shop.
const NOT_RELEASED: [&str; 2] = ["meshd", "sockshop"];

/// Every ready-made release, as service and version.
fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let services = ALL.into_iter().filter(|name| !NOT_RELEASED.contains(name));
    let of_all = services.flat_map(|name| OF_ALL.map(|version| (name, version)));
    of_all.chain(OF_ONE)
}

/// Tags all of them, and returns how many there are.
pub(crate) fn build() -> anyhow::Result<usize> {
    all().try_fold(0, |count, (name, version)| {
        let tag = tagged(name, version);
        one(name, version, &tag).with_context(|| format!("cannot make {tag}"))?;
        Ok(count + 1)
    })
}

fn one(name: &str, version: &str, tag: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let dockerfile = format!(
        "FROM {}\nENV VERSION={version}\nLABEL org.opencontainers.image.version={version}\n",
        super::tag(name)
    );
    fs::write(folder.path().join("Dockerfile"), dockerfile)?;
    docker::build(&["--tag", tag], folder.path())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_names_are_those_that_processes_know() {
        let known = include_str!("../../../services/chassis/src/fault/profile.rs");
        let bad = all().map(|(_, version)| version);
        let bad: BTreeSet<_> = bad.filter(|version| version.starts_with("v2-")).collect();
        for version in &bad {
            assert!(
                known.contains(&format!("{version:?} => Self::")),
                "{version}"
            );
        }
        assert_eq!(known.matches("\" => Self::").count(), bad.len());
    }
}
