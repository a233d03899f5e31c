//! The shop on Kubernetes, as far as that goes without a cluster: every way to
//! put the manifests together is built, held against Kubernetes' own schemas,
//! against the Pod Security Standard, against itself and against the code; and
//! what comes out is then run in containers, with a DNS like a cluster's.

mod builds;
mod cluster;
mod mutants;
mod objects;
mod original;
mod policies;
mod references;
mod restricted;
mod scenario;
mod spread;
mod tools;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::docker::Engine;
use crate::{images, sh, stand_ins};
use objects::Objects;
use tools::Tools;

/// Options of the Kubernetes suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run this static executable rather than building one
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Check the manifests only; run no containers
    #[arg(long, alias = "look")]
    lint_only: bool,
}

/// Who calls whom, by name.
type Calls = BTreeMap<String, Vec<String>>;

/// Builds and checks everything; fails with a list of all that is wrong.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.sockshop {
        None if options.lint_only => sh::release()?,
        given => images::binary(given.as_deref())?,
    };
    let calls = calls(&binary)?;
    let builds = builds::all(&Tools::fetch()?)?;
    let build = |name| builds.get(name).with_context(|| format!("no build {name}"));
    let mut wrong = original::check(build("original")?);
    for (name, objects) in &builds {
        let found = check(objects, &calls);
        println!(
            "{name:<28}{:>4} objects{:>4} mistakes",
            objects.len(),
            found.len()
        );
        wrong.extend(
            found
                .into_iter()
                .map(|mistake| format!("{name}: {mistake}")),
        );
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    mutants::are_all_found(&builds, &calls)?;
    if options.lint_only {
        return Ok(());
    }
    let _engine = Engine::start()?;
    images::build(&binary)?;
    stand_ins::build()?;
    scenario::demo(build("demo")?, &calls, &binary)?;
    scenario::standard(build("standard")?, &binary)
}

/// What is wrong with what would be applied together.
fn check(objects: &Objects, calls: &Calls) -> Vec<String> {
    let mut wrong = restricted::check(objects);
    wrong.extend(references::check(objects));
    wrong.extend(policies::check(objects, calls));
    wrong.extend(spread::check(objects));
    wrong
}

/// The call graph, as the executable declares it.
fn calls(binary: &std::path::Path) -> anyhow::Result<Calls> {
    let said = sh::read(Command::new(binary).args(["calls", "--json"]))?;
    Ok(serde_json::from_str(&said)?)
}
