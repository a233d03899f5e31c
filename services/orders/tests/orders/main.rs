//! The orders service as its callers and its neighbours see it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod cancelling;
mod crashes;
mod faces;
mod failures;
mod following;
mod lists;
mod originals;
mod pairs;
mod placing;
mod refusals;
mod revisions;
mod support;
