//! `CONTRACT.md`, the table that leads from each compat check to its test,
//! held against the tests there are.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;

const TABLE: &str = include_str!("CONTRACT.md");

/// The contract's pages, and how many checks each ends in.
const PAGES: [(&str, usize); 11] = [
    ("README", 11),
    ("catalogue", 12),
    ("carts", 13),
    ("orders", 14),
    ("payment", 9),
    ("shipping", 7),
    ("queue-master", 6),
    ("user", 14),
    ("front-end", 15),
    ("load-profile", 5),
    ("deployment", 8),
];

/// One line of the table.
struct Row<'a> {
    page: &'a str,
    check: usize,
    test: &'a str,
    note: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| "));
    let rows = lines.skip(1).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[page, check, test, note] = &cells[..] else {
            panic!("not four cells: {line}");
        };
        let check = check
            .parse()
            .unwrap_or_else(|_| panic!("no number: {line}"));
        Row {
            page,
            check,
            test,
            note,
        }
    });
    rows.collect()
}

/// Whether `source` has a test called `name`.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let begins = |line: &str| {
        let line = line.trim_start_matches("async ");
        line.strip_prefix("fn ")
            .is_some_and(|rest| rest.starts_with(&format!("{name}(")))
    };
    let at = lines.iter().position(|line| begins(line));
    let mut attributes = lines[..at.unwrap_or(0)].iter().rev();
    attributes
        .by_ref()
        .take_while(|line| line.starts_with('#') || line.starts_with("//"))
        .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[test]
fn every_check_has_its_test() {
    let mut checks: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in rows() {
        checks.entry(row.page).or_default().push(row.check);
        let (page, check, test) = (row.page, row.check, row.test);
        let Some((file, name)) = test.split_once("::") else {
            assert!(
                test == "-" && !row.note.is_empty(),
                "{page} {check}: neither a test nor a reason"
            );
            continue;
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(file);
        let source = std::fs::read_to_string(path);
        let source = source.unwrap_or_else(|error| panic!("{page} {check}: {file}: {error}"));
        assert!(
            has_test(&source, name),
            "{page} {check}: {file} has no test {name}"
        );
    }
    let expected = PAGES.map(|(page, count)| (page, (1..=count).collect()));
    assert_eq!(checks, BTreeMap::from(expected));
}

#[test]
fn a_test_is_only_what_is_marked_as_one() {
    let source =
        "#[tokio::test]\nasync fn marked() {}\n\nfn bare() {}\n#[test]\n/// Why.\nfn told() {}";
    assert!(has_test(source, "marked") && has_test(source, "told"));
    assert!(!has_test(source, "bare") && !has_test(source, "mark") && !has_test(source, "none"));
}
