//! Releases: a new version of a service takes over from the old one without a
//! failed request, or does not take over at all.
//!
//! A [`Rollout`] starts the new version beside the old one, waits until it is
//! ready, moves a share of the requests to it, and lets the [`judge`] compare
//! what both did in the same window; then the next share, or back. What it
//! does to a shop it does through a [`Target`], which only knows how to start,
//! weigh and stop a version there, with the tool people have there. Where a
//! rollout stands is in the target itself, so it survives the death of the
//! command; the [`record`] only remembers who wanted it.

pub mod judge;
pub mod options;
pub mod plan;
pub mod record;
pub mod rollout;
pub mod sample;
pub mod target;
pub mod tool;
pub mod version;
pub mod watch;

pub use plan::{Plan, Strategy};
pub use rollout::{Outcome, Rollout};
pub use target::{Instance, Shares, Target};
