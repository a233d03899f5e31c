//! Releases under load: good versions take over without a failed request, bad
//! ones are rolled back automatically, and a killed command leaves a rollout that
//! can be aborted or promoted.

mod driver_killed;
mod env;
mod load;
mod promotes;
mod remote_manager;
mod rollout;
mod rolls_back;
mod sticky;
mod traffic_split;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;

use env::TestEnv;

use crate::sh;
use crate::swarm::Cluster;

/// Deployment target of the tested shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// On this machine, under `sockshop up`.
    Local,
    /// On the two nodes of `cargo xtask swarm`.
    Swarm,
}

/// Scenario of the release suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Blue/green and canary of every service to a good version.
    #[value(alias = "good")]
    Promotes,
    /// Requests follow the planned traffic weights.
    #[value(alias = "shares")]
    TrafficSplit,
    /// Session affinity: a visitor stays on one version of the front-end.
    #[value(alias = "visitors")]
    Sticky,
    /// Every bad version is rolled back automatically.
    #[value(alias = "bad")]
    RollsBack,
    /// The release command is killed in every phase.
    #[value(alias = "killed")]
    DriverKilled,
    /// Swarm manager node that runs no containers of the shop.
    #[value(alias = "apart")]
    RemoteManager,
}

/// Options of `cargo xtask releases`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run the shop on this target
    #[arg(long, value_enum, default_value = "local")]
    target: Target,

    /// Run these scenarios; default: all that the target supports
    #[arg(long, alias = "story", value_enum, num_args = 1)]
    scenario: Vec<Scenario>,

    /// Arrival rate of visitors, per second
    #[arg(long, default_value = "4")]
    rate: String,

    /// Test this executable rather than building one; static, where containers are to run it
    #[arg(long)]
    sockshop: Option<PathBuf>,
}

/// Context of one running scenario: its environment, arrival rate and artefacts.
struct ScenarioContext<'a> {
    env: TestEnv<'a>,
    rate: &'a str,
    artefacts: &'a Path,
}

impl Target {
    /// Returns the name used on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Swarm => "swarm",
        }
    }

    /// Lists the scenarios this target supports. The mesh splits traffic, wherever it runs.
    fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::Local => &[
                Scenario::Promotes,
                Scenario::TrafficSplit,
                Scenario::Sticky,
                Scenario::RollsBack,
                Scenario::DriverKilled,
            ],
            Self::Swarm => &[
                Scenario::Promotes,
                Scenario::RollsBack,
                Scenario::DriverKilled,
                Scenario::RemoteManager,
            ],
        }
    }
}

/// Runs the selected scenarios; fails when one of their checks fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match options.target {
        Target::Local => {
            let binary = match &options.sockshop {
                Some(binary) => std::path::absolute(binary)?,
                None => sh::release()?,
            };
            options.run_scenarios(|folder| TestEnv::local(&binary, folder))
        }
        Target::Swarm => {
            let cluster = Cluster::start(options.sockshop.as_deref())?;
            options.run_scenarios(|folder| TestEnv::swarm(&cluster, folder))?;
            cluster.end()
        }
    }
}

impl Options {
    /// Runs each scenario in a new shop.
    fn run_scenarios<'a>(
        &self,
        open: impl Fn(&Path) -> anyhow::Result<TestEnv<'a>>,
    ) -> anyhow::Result<()> {
        let artefacts = sh::artefacts("releases")?;
        let all = self.target.scenarios();
        let scenarios = if self.scenario.is_empty() {
            all
        } else {
            &self.scenario
        };
        for scenario in scenarios {
            let begun = Instant::now();
            let name = scenario.to_possible_value();
            let name = name.map_or_else(String::new, |value| value.get_name().to_owned());
            let folder = tempfile::tempdir()?;
            let artefacts = artefacts.join(&name);
            std::fs::create_dir(&artefacts)?;
            let context = ScenarioContext {
                env: open(folder.path())?,
                rate: &self.rate,
                artefacts: &artefacts,
            };
            let told = scenario.run(&context);
            context.env.keep_logs(&artefacts)?;
            told.with_context(|| format!("in the scenario `{name}`"))?;
            context.env.close()?;
            println!("{name:<15} held, in {} s", begun.elapsed().as_secs());
        }
        Ok(())
    }
}

impl Scenario {
    fn run(self, context: &ScenarioContext<'_>) -> anyhow::Result<()> {
        match self {
            Self::Promotes => promotes::run(context),
            Self::TrafficSplit => traffic_split::run(context),
            Self::Sticky => sticky::run(context),
            Self::RollsBack => rolls_back::run(context),
            Self::DriverKilled => driver_killed::run(context),
            Self::RemoteManager => remote_manager::run(context),
        }
    }
}
