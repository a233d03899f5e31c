//! `sockshop audit`: is every order what its client was told?

use std::net::SocketAddr;

use anyhow::bail;
use loadtest::audit::services::Addresses;
use loadtest::audit::{self, Audit, Services};

use crate::folder::Which;
use crate::service::Service;
use crate::state::State;

/// What is to be audited.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How.
    #[command(flatten)]
    audit: Audit,

    /// Where orders is; that of the shop of --data otherwise, as with the other two.
    #[arg(long, env)]
    orders_url: Option<String>,

    /// Where payment is.
    #[arg(long, env)]
    payment_url: Option<String>,

    /// Where shipping is.
    #[arg(long, env)]
    shipping_url: Option<String>,

    /// The shop to audit.
    #[command(flatten)]
    which: Which,
}

/// Audits, prints, and fails when anything is wrong.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let services = Services::new(&addresses(options)?)?;
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

/// The services of the shop of `which`.
pub(crate) fn services(which: &Which) -> anyhow::Result<Services> {
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

fn urls(which: &Which, service: Service) -> anyhow::Result<String> {
    let (_, state) = State::running(which)?;
    let instances = state.instances.iter().filter(|one| one.service == service);
    let urls = instances.map(|one| format!("http://{}", SocketAddr::new(one.address, one.port)));
    Ok(urls.collect::<Vec<_>>().join(","))
}
