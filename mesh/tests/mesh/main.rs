//! The mesh, from its laws to real sockets.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod announce;
mod clocks;
mod daemon;
mod dns;
mod forward;
mod garbled;
mod gossip;
mod identity;
mod laws;
mod noise;
mod policies;
mod seal;
mod simulation;
mod weights;
mod world;
