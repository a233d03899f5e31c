//! The words of the source: constants that say what they limit, modules named in
//! standard terms (`docs/glossary.md`), and doc comments that say something.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Constants whose names do not say what they limit.
const VAGUE_CONSTANTS: [&str; 15] = [
    "PATIENCE", "MOST", "LEAST", "LONGEST", "PAUSE", "ROOM", "TRIES", "EVERY", "AT_ONCE",
    "CHANCES", "RESPITE", "ENOUGH", "SOON", "OFTEN", "SELDOM",
];

/// Modules that were renamed, with the standard term of each.
const RETIRED_MODULES: [(&str, &str); 13] = [
    ("words", "convert, codec, format or exec"),
    ("wire", "dto"),
    ("shapes", "response"),
    ("sent", "request"),
    ("posted", "request or submitted"),
    ("story", "scenario"),
    ("alike", "create_args"),
    ("patience", "timeout"),
    ("passage", "middleware"),
    ("sabotage", "fault::failpoint"),
    ("wanted", "desired"),
    ("folder", "data_dir"),
    ("ground", "env"),
];

/// Doc comments of so few words say nothing.
const MAX_TERSE_WORDS: usize = 3;

/// Maximum share of terse doc comments, in percent of all doc lines.
const MAX_TERSE_PERCENT: usize = 1;

/// Source files of the workspace.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists() || path.ends_with("services"))
        .collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 300, "only {} files were found", files.len());
    files
}

/// Name of the constant that a line declares.
fn constant(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("const ")?;
    let is_declaration = before.trim().is_empty() || before.trim_start().starts_with("pub");
    let name = after.split(':').next()?;
    is_declaration.then_some(name)
}

#[test]
fn constants_say_what_they_limit() {
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        for name in text.lines().filter_map(constant) {
            let is_vague = VAGUE_CONSTANTS.contains(&name);
            assert!(!is_vague, "{}: what does {name} limit?", file.display());
        }
    }
}

#[test]
fn modules_have_standard_names() {
    for file in sources() {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let in_tests = file.components().any(|part| part.as_os_str() == "tests");
        let retired = RETIRED_MODULES.iter().find(|(name, _)| *name == stem);
        if let Some((_, standard)) = retired.filter(|_| !in_tests) {
            panic!("{}: call it {standard}", file.display());
        }
    }
}

#[test]
fn doc_comments_say_something() {
    let (mut lines, mut terse) = (0, Vec::new());
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let mut words = 0;
        for line in text.lines().chain([""]) {
            let line = line.trim_start();
            let doc = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"));
            if let Some(doc) = doc.filter(|doc| doc.is_empty() || doc.starts_with(' ')) {
                lines += 1;
                words += doc.split_whitespace().count();
            } else {
                if (1..=MAX_TERSE_WORDS).contains(&words) {
                    terse.push(format!("{} before `{line}`", file.display()));
                }
                words = 0;
            }
        }
    }
    let share = terse.len() * 100 / lines;
    assert!(
        share < MAX_TERSE_PERCENT,
        "{} of {lines}: {terse:#?}",
        terse.len()
    );
}
