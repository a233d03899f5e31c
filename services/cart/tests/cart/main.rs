//! The cart service through its front doors, over every store there is to test.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
mod grpc;
mod rest;
mod retention;
mod revisions;
mod stores;
