//! The cache `lru` 0.18 under the version that chitchat 0.11 depends on.
//!
//! `lru` before 0.18.2 can use freed memory when a key panics while it is dropped
//! ([RUSTSEC-2026-0253](https://rustsec.org/advisories/RUSTSEC-2026-0253)), and the last chitchat whose messages
//! can be encoded from outside, so that the mesh can seal them, asks for 0.17. What
//! it uses of the cache is the same in both. The workspace puts this crate in the
//! place of 0.17 (`[patch.crates-io]`); it goes when chitchat can be updated.
#![forbid(unsafe_code)]

pub use lru_fixed::*;
