//! The auditor: holds what clients were told against what the services say.
//!
//! It [reads](services) every order, payment and shipment and the journal, page
//! by page, and [sorts](spill) what it reads by order into files, so that a
//! million orders take no more memory than a thousand. Each order is then a
//! [`OrderFacts`] for the [rules]. What looks wrong is asked about once more, for a
//! while: a shop that works is always a little ahead of its auditor.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chassis::settings::duration;

pub mod facts;
pub mod group;
pub mod recent;
pub mod recheck;
pub mod report;
pub mod rules;
pub mod services;
pub mod spill;
pub mod violation;

pub use facts::OrderFacts;
pub use report::Report;
pub use services::Services;
pub use violation::{Rule, Violation};

use crate::journal;
use facts::Fact;
use group::FactStore;
use recheck::Rechecks;

/// What is to be audited, and when to lose patience.
#[derive(Clone, Debug, clap::Args)]
pub struct Audit {
    /// What clients were told, as `sockshop load --journal` wrote it.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,

    /// A pending order older than this is stuck.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub pending_deadline: Duration,

    /// How long what looks wrong may take to come right, such as a shipment that is on its way.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub patience: Duration,
}

/// Audits the shop behind `services`.
pub async fn run(options: &Audit, services: &Services) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut store = FactStore::new(options.pending_deadline)?;
    if let Some(path) = &options.journal {
        for entry in journal::read(path)? {
            store.add(&Fact::Acknowledged(entry?))?;
        }
    }
    services
        .orders(|order| store.add(&Fact::Order(order)))
        .await?;
    services
        .payments(|payment| store.add(&Fact::Payment(payment)))
        .await?;
    services
        .shipments(|shipment| store.add(&Fact::Shipment(shipment)))
        .await?;
    let read = store.read;
    let mut rechecks = Rechecks::new(options.pending_deadline);
    store.group(&mut rechecks)?;
    rechecks.run(services, options.patience).await;
    Ok(Report::of(read, rechecks, begun.elapsed()))
}
