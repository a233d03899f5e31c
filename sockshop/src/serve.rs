//! `sockshop serve`: being one of the services.

use chassis::Settings;
use clap::Subcommand;

use crate::service::Service;

/// A service and its own settings: its flags and variables are those of the
/// service's own executable.
#[derive(Debug, Subcommand)]
pub(crate) enum Process {
    /// What the shop sells.
    Catalogue(catalogue::Config),
    /// What visitors mean to buy.
    #[command(name = "carts", alias = "cart")]
    Cart(cart::Config),
    /// Run the orders service
    Orders(orders::Config),
    /// Whether an amount may be charged.
    Payment(payment::Config),
    /// Who the customers are.
    User(user::Config),
    /// What is to be sent to them.
    Shipping(shipping::Config),
    /// The worker who sends it.
    QueueMaster(shipping::worker::Config),
    /// The shop people see.
    #[command(alias = "edge-router")]
    FrontEnd(frontend::Config),
    /// Who knows where they all are.
    Meshd(mesh::Config),
}

/// Every request crosses several small processes: more threads in each would
/// only cost memory.
const THREADS: usize = 2;

/// Serves in the foreground until told to end.
pub(crate) fn run(process: Process) -> anyhow::Result<()> {
    use {Process as P, Service as S};
    match process {
        P::Catalogue(is) => serve(S::Catalogue, &is.common.clone(), catalogue::run(is)),
        P::Cart(is) => serve(S::Carts, &is.common.clone(), cart::run(is)),
        P::Orders(is) => serve(S::Orders, &is.common.clone(), orders::run(is)),
        P::Payment(is) => serve(S::Payment, &is.common.clone(), payment::run(is)),
        P::User(is) => serve(S::User, &is.common.clone(), user::run(is)),
        P::Shipping(is) => serve(S::Shipping, &is.common.clone(), shipping::run(is)),
        P::QueueMaster(is) => serve(
            S::QueueMaster,
            &is.common.clone(),
            shipping::worker::run(is),
        ),
        P::FrontEnd(is) => serve(S::FrontEnd, &is.common.clone(), frontend::run(is)),
        P::Meshd(is) => serve(S::Meshd, &is.common.clone(), mesh::run(is)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_can_be_served_under_its_name() {
        let command = Process::augment_subcommands(clap::Command::new("serve"));
        let names: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, Service::ALL.map(Service::name));
    }
}
