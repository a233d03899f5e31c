//! Releases: a new version of a service takes over from the old one without a
//! failed request, or does not take over at all.

pub mod judge;
pub mod sample;
