//! Faults on purpose: injected by requests to the admin port, built into releases
//! by the name of their version, and failpoints for tests.

pub mod failpoint;
pub(crate) mod inject;
pub mod profile;
