//! `sockshop serve`: being one of the services.

use chassis::Settings;
use clap::Subcommand;

use crate::service::Service;

/// A service and its own settings. Its flags and variables are those of the
/// service's own executable.
#[derive(Debug, Subcommand)]
pub(crate) enum Process {
    /// What the shop sells.
    Catalogue(catalogue::Config),
    /// Whether an amount may be charged.
    Payment(payment::Config),
}

/// Every request crosses several small processes: more threads in each would
/// only cost memory.
const THREADS: usize = 2;

/// Serves in the foreground until told to end.
pub(crate) fn run(process: Process) -> anyhow::Result<()> {
    use Service as S;
    match process {
        Process::Catalogue(config) => {
            serve(S::Catalogue, &config.common.clone(), catalogue::run(config))
        }
        Process::Payment(config) => serve(S::Payment, &config.common.clone(), payment::run(config)),
    }
}

fn serve(
    service: Service,
    settings: &Settings,
    story: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let _telemetry = chassis::telemetry::start(service.name(), settings)?;
        story.await
    });
    runtime.shutdown_background();
    outcome
}
