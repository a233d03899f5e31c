//! The load test, the journal and the auditor.
//!
//! A [`schedule`] says when visitors arrive, the [`engine`] lets them in on
//! time however slow the shop is, and a [`profile`] says what they do in their
//! [`browser`]. Every answer goes into the [`recorder`], and every acknowledged
//! order into the [`journal`], on disk before it counts. The [`audit`] then
//! holds the journal against what the services say.

pub mod audit;
pub mod browser;
pub mod engine;
pub mod journal;
pub mod options;
pub mod pool;
pub mod profile;
pub mod progress;
pub mod recorder;
pub mod report;
pub mod run;
pub mod schedule;
pub mod summary;
pub mod thresholds;

pub use options::Load;
pub use run::run;
pub use summary::Summary;
