//! Migrations that the release before can live with: `cargo xtask migrations`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Options of the migration check.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder of migrations; all of the shop's when none is given
    #[arg(long = "in", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

/// Fails when a migration takes away what the release before may still use.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folders = if options.folders.is_empty() {
        ours(Path::new("."))?
    } else {
        options.folders.clone()
    };
    let mut found = Vec::new();
    for folder in &folders {
        found.extend(read(folder)?);
    }
    for fault in &found {
        println!("{fault}");
    }
    if found.is_empty() {
        println!(
            "{} folders of migrations: each suits the release before",
            folders.len()
        );
        return Ok(());
    }
    bail!("{} statements break the release before", found.len())
}

/// A statement that breaks the release before.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    file: PathBuf,
    statement: String,
    reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, statement) = (self.file.display(), &self.statement);
        write!(to, "{file}: {statement}\n  {}", self.reason)
    }
}

/// The folders of migrations of all services.
fn ours(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let services = std::fs::read_dir(root.join("services"))?;
    let mut folders = vec![root.join("frontend/migrations")];
    for service in services {
        folders.push(service?.path().join("migrations"));
    }
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    Ok(folders)
}

fn read(folder: &Path) -> anyhow::Result<Vec<Fault>> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let faults = faults(&std::fs::read_to_string(&file)?);
        found.extend(faults.into_iter().map(|(statement, reason)| Fault {
            file: file.clone(),
            statement,
            reason,
        }));
    }
    Ok(found)
}

/// The statements of a migration that break the release before, and why.
fn faults(sql: &str) -> Vec<(String, String)> {
    let statements = statements(sql);
    let mut fine = declared(sql);
    fine.extend(written_anew(&statements));
    let mut found = Vec::new();
    for statement in statements {
        if let Some((thing, reason)) = fault(&statement)
            && !fine.contains(&thing)
        {
            found.push((statement, reason));
        }
    }
    found
}

/// What the migration says is no longer used: `-- contract: THING, why`.
fn declared(sql: &str) -> Vec<String> {
    let lines = sql
        .lines()
        .filter_map(|line| line.strip_prefix("-- contract: "));
    lines
        .filter_map(|line| line.split_once(", "))
        .filter(|(_, why)| !why.trim().is_empty())
        .map(|(thing, _)| thing.to_owned())
        .collect()
}

/// Tables that this migration makes and puts in another's place under its name,
/// which is how `SQLite` changes a table: both names are as good as before.
fn written_anew(statements: &[String]) -> Vec<String> {
    let words: Vec<Vec<&str>> = statements
        .iter()
        .map(|statement| statement.split([' ', '(']).collect())
        .collect();
    let made = |table: &str| {
        words
            .iter()
            .any(|one| one.starts_with(&["CREATE", "TABLE", table]))
    };
    let mut names = Vec::new();
    for one in &words {
        if let ["ALTER", "TABLE", new, "RENAME", "TO", old] = one[..]
            && made(new)
        {
            names.extend([new.to_owned(), old.to_owned()]);
        }
    }
    names
}

/// The statements, without comments, in one line each.
fn statements(sql: &str) -> Vec<String> {
    let bare = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let bare = bare.collect::<Vec<_>>().join(" ");
    let words = |statement: &str| statement.split_whitespace().collect::<Vec<_>>().join(" ");
    bare.split(';')
        .map(words)
        .filter(|one| !one.is_empty())
        .collect()
}

/// The thing a statement takes away, or the rows it refuses, and the reason not to.
fn fault(statement: &str) -> Option<(String, String)> {
    let upper = statement.to_uppercase();
    let words: Vec<&str> = statement
        .split(' ')
        .filter(|word| !is_noise(word))
        .collect();
    let upper_words: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let upper_words: Vec<&str> = upper_words.iter().map(String::as_str).collect();
    let gone = |thing: String| {
        let reason = format!("the release before still uses {thing}");
        Some((thing, reason))
    };
    match upper_words[..] {
        ["DROP", "TABLE" | "VIEW", ..] | ["TRUNCATE", ..] | ["DELETE", "FROM", ..] => {
            let last = words.last().filter(|_| words.len() <= 3);
            gone((*last.or(words.get(2))?).to_owned())
        }
        ["ALTER", "TABLE", _, "RENAME", "TO", ..] => gone(words[2].to_owned()),
        ["ALTER", "TABLE", _, "DROP" | "RENAME", "COLUMN", ..] => {
            gone(format!("{}.{}", words[2], words.get(5)?))
        }
        ["ALTER", "TABLE", _, "DROP" | "RENAME" | "ALTER", ..] => {
            let at = if upper_words.get(4) == Some(&"COLUMN") {
                5
            } else {
                4
            };
            gone(format!("{}.{}", words[2], words.get(at)?))
        }
        ["ALTER", "TABLE", _, "ADD", ..] if refuses_rows(&upper) => {
            let at = if upper_words.get(4) == Some(&"COLUMN") {
                5
            } else {
                4
            };
            let thing = format!("{}.{}", words[2], words.get(at)?);
            let reason = format!(
                "the release before inserts rows without {thing}: give it a default, or let it be empty"
            );
            Some((thing, reason))
        }
        _ => None,
    }
}

fn refuses_rows(statement: &str) -> bool {
    let needed = statement.contains("NOT NULL") && !statement.contains(" DEFAULT ");
    needed || statement.contains(" UNIQUE") || statement.contains(" CHECK")
}

/// Words that say nothing about what is done to what.
fn is_noise(word: &str) -> bool {
    ["IF", "EXISTS", "ONLY"]
        .iter()
        .any(|noise| word.eq_ignore_ascii_case(noise))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }

    #[test]
    fn no_migration_of_ours_breaks_the_release_before() {
        let folders = ours(root()).unwrap();
        assert!(folders.len() >= 7, "{folders:?}");
        for folder in folders {
            assert_eq!(read(&folder).unwrap(), []);
        }
    }

    #[test]
    fn the_one_for_teaching_is_refused_line_by_line() {
        let found = read(&root().join("docs/teaching/migrations")).unwrap();
        let statements: Vec<_> = found.iter().map(|fault| &*fault.statement).collect();
        assert_eq!(
            statements,
            [
                "ALTER TABLE customer RENAME COLUMN password TO hash",
                "ALTER TABLE customer ADD COLUMN joined BIGINT NOT NULL",
                "DROP TABLE address",
            ]
        );
    }

    #[test]
    fn what_takes_away_or_refuses_rows_is_found_in_any_spelling() {
        for (sql, thing) in [
            ("drop table if exists a;", "a"),
            ("ALTER TABLE a\n  DROP b", "a.b"),
            ("ALTER TABLE a RENAME TO b", "a"),
            ("ALTER TABLE a RENAME b TO c", "a.b"),
            ("ALTER TABLE a ALTER COLUMN b SET NOT NULL", "a.b"),
            ("ALTER TABLE a ADD b TEXT NOT NULL", "a.b"),
            ("ALTER TABLE a ADD COLUMN b TEXT UNIQUE", "a.b"),
            ("DELETE FROM a WHERE x = 1", "a"),
        ] {
            assert_eq!(faults(sql).len(), 1, "{sql}");
            let declared = format!("-- contract: {thing}, unused since v7\n{sql}");
            assert_eq!(faults(&declared), [], "{declared}");
            let without_reason = format!("-- contract: {thing}\n{sql}");
            assert_eq!(faults(&without_reason).len(), 1, "{without_reason}");
        }
    }

    #[test]
    fn what_only_adds_is_fine() {
        for sql in [
            "CREATE TABLE a (b TEXT NOT NULL UNIQUE);",
            "ALTER TABLE a ADD COLUMN b BIGINT NOT NULL DEFAULT 0;",
            "ALTER TABLE a ADD COLUMN b TEXT;",
            "UPDATE a SET b = 1; -- DROP TABLE a;",
            "CREATE TABLE b (c TEXT); DROP TABLE a; ALTER TABLE b RENAME TO a;",
        ] {
            assert_eq!(faults(sql), [], "{sql}");
        }
    }
}
