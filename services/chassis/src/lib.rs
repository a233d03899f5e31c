//! What every process needs and none should write twice.
//!
//! A service reads its [`Settings`], starts [`telemetry`], opens its
//! [`database`] and hands one router to a [`Server`]. Its handlers fail with
//! [`Error`], the only type that knows both HTTP and gRPC. It finds the others
//! through [`discovery`], speaks to them through [`client`], and makes itself
//! found through [`announce`].

pub mod admin;
pub mod announce;
pub mod client;
pub mod clock;
pub mod conditional;
pub mod connections;
pub mod database;
pub mod deadline;
pub mod discovery;
pub mod error;
pub mod fault;
pub mod forwarded;
pub mod grpc;
pub mod health;
pub mod ids;
pub mod metrics;
mod middleware;
pub mod money;
pub mod openapi;
pub mod rest;
pub mod secrets;
pub mod serve;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::Client;
pub use database::{Database, WriteTransaction};
pub use discovery::Discovery;
pub use error::{Error, Result};
pub use serve::Server;
pub use settings::Settings;
pub use shutdown::Shutdown;
