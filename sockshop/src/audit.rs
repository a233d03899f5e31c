//! `sockshop audit`: is every order what its client was told?

use std::net::SocketAddr;

use anyhow::bail;
use loadtest::audit::recent::Recent;
use loadtest::audit::services::Addresses;
use loadtest::audit::{self, Audit, Services};

use crate::data_dir::DataDirArg;
use crate::service::Service;
use crate::state::State;

/// What is to be audited.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Options of the auditor.
    #[command(flatten)]
    audit: Audit,

    /// Look only at orders placed since then (milliseconds of the Unix epoch), and print
    /// one line for each that must not be as it is.
    #[arg(long, value_name = "MS")]
    since_ms: Option<i64>,

    /// Where orders is; that of the shop of --data otherwise, as with the other two.
    #[arg(long, env)]
    orders_url: Option<String>,

    /// Base URL of payment, when it is not found by the shop
    #[arg(long, env)]
    payment_url: Option<String>,

    /// Base URL of shipping, when it is not found by the shop
    #[arg(long, env)]
    shipping_url: Option<String>,

    /// The shop to audit.
    #[command(flatten)]
    which: DataDirArg,
}

/// Audits, prints, and fails when anything is wrong.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let services = Services::new(&addresses(options)?)?;
    if let Some(since_ms) = options.since_ms {
        return recent(services, since_ms).await;
    }
    let report = audit::run(&options.audit, &services).await?;
    let text = if options.audit.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        report.table()
    };
    crate::print(&text)?;
    if !report.ok {
        bail!("broken promises: {}", report.broken());
    }
    Ok(())
}

/// An order that is wrong is an answer here, and no failure.
async fn recent(services: Services, since_ms: i64) -> anyhow::Result<()> {
    let mut recent = Recent::new(services, since_ms);
    recent.look_through().await?;
    let lines = recent.wrong().iter();
    let lines = lines.map(|fault| format!("order {}: {}\n", fault.order_id, fault.facts));
    crate::print(&lines.collect::<String>())
}

/// The services of the shop of `which`.
pub(crate) fn services(which: &DataDirArg) -> anyhow::Result<Services> {
    Services::new(&Addresses {
        orders: urls(which, Service::Orders)?,
        payment: urls(which, Service::Payment)?,
        shipping: urls(which, Service::Shipping)?,
    })
}

fn addresses(options: &Options) -> anyhow::Result<Addresses> {
    let find = |given: &Option<String>, service| match given {
        Some(urls) => Ok(urls.clone()),
        None => urls(&options.which, service),
    };
    Ok(Addresses {
        orders: find(&options.orders_url, Service::Orders)?,
        payment: find(&options.payment_url, Service::Payment)?,
        shipping: find(&options.shipping_url, Service::Shipping)?,
    })
}

fn urls(which: &DataDirArg, service: Service) -> anyhow::Result<String> {
    let (_, state) = State::running(which)?;
    let instances = state.instances.iter().filter(|one| one.service == service);
    let urls = instances.map(|one| format!("http://{}", SocketAddr::new(one.address, one.port)));
    Ok(urls.collect::<Vec<_>>().join(","))
}
