//! `sockshop load`: many visitors at once.

use anyhow::bail;
use loadtest::{Load, Summary};

use crate::data_dir::DataDirArg;
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
    which: DataDirArg,
}

/// Visits the shop, and fails past a threshold.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let urls = if options.url.is_empty() {
        vec![State::running(&options.which)?.1.url]
    } else {
        options.url.clone()
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build()?;
    let summary = runtime.block_on(loadtest::run(&options.load, &urls))?;
    print(options, &summary)?;
    let exceeded = options.load.thresholds.exceeded(&summary);
    if !exceeded.is_empty() {
        bail!("{}", exceeded.join("; "));
    }
    Ok(())
}

fn print(options: &Options, summary: &Summary) -> anyhow::Result<()> {
    let text = if options.load.json {
        serde_json::to_string_pretty(summary)? + "\n"
    } else {
        summary.table()
    };
    crate::print(&text)
}
