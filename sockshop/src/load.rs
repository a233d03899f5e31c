//! `sockshop load`: many visitors at once.

use std::net::SocketAddr;

use anyhow::bail;
use loadtest::{Load, Summary};

use crate::folder::Which;
use crate::service::Service;
use crate::state::State;

/// What is to be done, and to which shop.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What is to be done.
    #[command(flatten)]
    load: Load,

    /// Where the shop is; several front-ends separated by commas. The shop of --data otherwise.
    #[arg(long, value_delimiter = ',')]
    url: Vec<String>,

    /// The shop to visit.
    #[command(flatten)]
    which: Which,
}

/// Visits the shop, and fails past a threshold.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let urls = if options.url.is_empty() {
        front_ends(&options.which)?
    } else {
        options.url.clone()
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build()?;
    let summary = runtime.block_on(loadtest::run(&options.load, &urls))?;
    print(options, &summary)?;
    let exceeded = options.load.limits.exceeded(&summary);
    if !exceeded.is_empty() {
        bail!("{}", exceeded.join("; "));
    }
    Ok(())
}

fn front_ends(which: &Which) -> anyhow::Result<Vec<String>> {
    let (_, state) = State::running(which)?;
    let all = state.instances.iter();
    let front_ends = all.filter(|one| one.service == Service::FrontEnd);
    let urls = front_ends.map(|one| format!("http://{}", SocketAddr::new(one.address, one.port)));
    Ok(urls.collect())
}

fn print(options: &Options, summary: &Summary) -> anyhow::Result<()> {
    let text = if options.load.json {
        serde_json::to_string_pretty(summary)? + "\n"
    } else {
        summary.table()
    };
    crate::print(&text)
}
