//! The schemas of the OpenAPI documents.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The names under which the types of `source` are described.
fn schemas(source: &str) -> Vec<String> {
    let described = source.split("#[derive(").skip(1);
    let described = described.filter(|text| {
        let derived = text.split(')').next().unwrap_or_default();
        derived.contains("ToSchema")
    });
    described.filter_map(name).collect()
}

/// The name of the type that follows: the one of `#[schema(as = Name)]`, if any.
fn name(text: &str) -> Option<String> {
    let (attributes, rest) = ["struct ", "enum "]
        .into_iter()
        .filter_map(|keyword| text.split_once(keyword))
        .min_by_key(|(before, _)| before.len())?;
    let named = attributes
        .split_once("schema(as = ")
        .map_or(rest, |(_, name)| name);
    let end = named.find(|letter: char| !letter.is_alphanumeric())?;
    Some(named[..end].to_owned())
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .collect()
}

#[test]
fn no_two_schemas_of_a_service_share_a_name() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = fs::read_dir(services).unwrap();
    let mut crates: Vec<_> = folders.map(|folder| folder.unwrap().path()).collect();
    crates.push(services.parent().unwrap().join("frontend"));
    let mut count = 0;
    for folder in crates {
        let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in sources(&folder.join("src")) {
            for name in schemas(&fs::read_to_string(&path).unwrap()) {
                count += 1;
                if let Some(other) = found.insert(name.clone(), path.clone()) {
                    panic!("{name} is in {} and in {}", other.display(), path.display());
                }
            }
        }
    }
    assert!(count > 40, "{count} schemas");
}
