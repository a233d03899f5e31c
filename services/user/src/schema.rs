//! A schema change in four releases, none of which disturbs the one before it.
//!
//! The hash of a password moves from `customer.password` into `credential.hash`:
//!
//! | release | migrations | reads | writes |
//! |---|---|---|---|
//! | `v1-before` | to 0002 | `customer` | `customer` |
//! | `v2-expand` | 0003 makes `credential` | `customer` | both |
//! | `v3-migrate` | 0004 fills it | `credential` | both |
//! | `v4-contract` | none | `credential` | `credential` |
//! | any other | 0005 drops `customer.password` | `credential` | `credential` |
//!
//! While two neighbours of this table run, each finds what the other wrote.
//! A release may be taken back to the one above it, too, until 0005. Those that
//! are not neighbours disturb each other: a release may not be left out.

/// Where a release expects hashes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schema {
    /// In the column, and there is no other place.
    Before,
    /// In the column; the table is filled as well.
    Expand,
    /// In the table; the column is filled as well.
    Migrate,
    /// In the table; the column may be gone or not.
    Contract,
    /// In the table; the column is gone.
    Done,
}

impl Schema {
    /// The schema of the release called `version`.
    #[must_use]
    pub fn of(version: &str) -> Self {
        match version {
            "v1-before" => Self::Before,
            "v2-expand" => Self::Expand,
            "v3-migrate" => Self::Migrate,
            "v4-contract" => Self::Contract,
            _ => Self::Done,
        }
    }

    /// The last migration that came with it.
    pub(crate) fn last_migration(self) -> i64 {
        match self {
            Self::Before => 2,
            Self::Expand => 3,
            Self::Migrate | Self::Contract => 4,
            Self::Done => i64::MAX,
        }
    }

    /// Whether hashes are read from the table.
    pub(crate) fn reads_table(self) -> bool {
        self >= Self::Migrate
    }

    /// Whether hashes are written to the table.
    pub(crate) fn writes_table(self) -> bool {
        self >= Self::Expand
    }

    /// Whether cards have fingerprints: releases of the table above came before.
    pub(crate) fn has_fingerprints(self) -> bool {
        self >= Self::Done
    }

    /// Whether hashes are written to the column.
    pub(crate) fn writes_column(self) -> bool {
        self <= Self::Migrate
    }
}
