//! The mesh of a running shop: real processes, real DNS, real requests.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod commands;
mod crowd;
mod names;
mod nodes;
mod restarts;
#[path = "../support/mod.rs"]
mod support;
mod weights;
