//! The project's own commands: `cargo xtask <suite>`.

mod bench;
mod browser;
mod buyer;
mod compose;
mod deny;
mod docker;
mod durability;
mod ecs;
mod footprint;
mod images;
mod interrupted;
mod k8s;
mod limits;
mod mesh;
mod migrations;
mod pictures;
mod releases;
mod servers;
mod sh;
mod stand_ins;
mod store_faults;
mod stores;
mod swarm;
mod wait;

use clap::Parser;

/// Draws, checks and measures the shop.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
enum Suite {
    /// Measure what the shop costs, as ratios in one run; never a test
    Bench(bench::Options),
    /// Buy socks in a real browser; screenshots go to artefacts/browser
    Browser,
    /// Let processes die at every step of an order, and see each come to one end
    CrashPoints(durability::Stores),
    /// Run the shop with Docker Compose on a real engine, overlay by overlay
    Compose(compose::Options),
    /// Check dependencies: advisories, bans, licences, sources (`deny.toml`)
    Deny(deny::Options),
    /// Lose no order in a storm; journal, timeline and report go to artefacts/durability
    Durability(durability::Options),
    /// Deploy and release the shop with the real aws on a stand-in of AWS
    Ecs(ecs::Options),
    /// Build the static executable of the images, and print where it is
    Executable,
    /// Measure size, start and memory; fails past the memory budget
    Footprint,
    /// Build the images, weigh them, and fail past their budget
    Images(images::Options),
    /// Flood a front-end in 64 MiB with connections, streams and sign-ins, and see honest visitors served
    Limits(limits::Options),
    /// Run one shop on three hosts, cut one off and join it again
    Mesh(mesh::Options),
    /// Build the Kubernetes manifests, check them against schemas, themselves and the code
    K8s(k8s::Options),
    /// Refuse migrations that the release before cannot live with
    Migrations(migrations::Options),
    /// Draw the socks: SVG sources and the JPEGs the catalogue serves
    Pictures,
    /// Release every service under load, good versions and bad ones; logs go to artefacts/releases
    Releases(releases::Options),
    /// Fill, kill, cut off and lock the stores under shoppers, and see the shop recover by itself
    StoreFaults(store_faults::Options),
    /// Run the store suites on a real PostgreSQL and a real Redis
    Stores,
    /// Run the shop on a Swarm of two nodes: zones, updates, rollback, an emptied node
    Swarm(swarm::Options),
}

fn main() -> anyhow::Result<()> {
    match Suite::parse() {
        Suite::Bench(options) => bench::run(&options),
        Suite::Browser => browser::run(),
        Suite::CrashPoints(stores) => durability::crash_points(&stores),
        Suite::Compose(options) => compose::run(&options),
        Suite::Deny(options) => deny::run(&options),
        Suite::Durability(options) => durability::run(&options),
        Suite::Ecs(options) => ecs::run(&options),
        Suite::Executable => {
            println!("{}", images::build_executable()?.display());
            Ok(())
        }
        Suite::Footprint => footprint::run(),
        Suite::Images(options) => images::run(&options),
        Suite::Limits(options) => limits::run(&options),
        Suite::Mesh(options) => mesh::run(&options),
        Suite::K8s(options) => k8s::run(&options),
        Suite::Migrations(options) => migrations::run(&options),
        Suite::Pictures => pictures::run(),
        Suite::Releases(options) => releases::run(&options),
        Suite::StoreFaults(options) => store_faults::run(&options),
        Suite::Stores => stores::run(),
        Suite::Swarm(options) => swarm::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use super::Suite;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Suite::command().debug_assert();
    }
}
