//! Integration tests of the cart service through its router, over every store.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
mod grpc;
mod rest;
mod retention;
mod revisions;
mod stores;
