//! `sockshop release`: a new version takes over from the old one, or does not.

use std::path::PathBuf;

use ::release::options::Options;
use ::release::record::{Intervention, Record, RolloutLock, RolloutStore};
use ::release::rollout::dry_run_of;
use ::release::{Outcome, Rollout, Strategy, Target};
use anyhow::{Context, bail, ensure};
use clap::{Subcommand, ValueEnum};

use crate::data_dir::{DataDir, DataDirArg};
use crate::service::Service;

mod compose;
mod ecs;
mod kubernetes;
mod local;
mod remote;
mod shop;
mod show;
mod swarm;

use shop::Shop;

/// What can be done about releases.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Move all requests at once to a new version; back at once when it is bad.
    BlueGreen(StartArgs),
    /// Move a few requests to a new version, then more; back when it is bad.
    Canary(StartArgs),
    /// Give all requests to the new version now, and end the old one.
    Promote(FinishArgs),
    /// Give all requests back to the old version, and end the new one.
    Abort(FinishArgs),
    /// Show what is on its way.
    Status(ShowArgs),
    /// Show how releases ended.
    History(ShowArgs),
}

/// Kinds of release targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The shop on this machine.
    Local,
    /// A Compose project, by `docker`. Not the front-end, which visitors reach past the mesh.
    Compose,
    /// A stack of Docker Swarm, by the `docker` of a manager. The front-end only by Swarm's own updates.
    Swarm,
    /// A namespace of Kubernetes with the component `mesh`, by `kubectl`.
    K8s,
    /// A cluster of ECS with a mesh and managed stores, by `aws`. Not the front-end,
    /// whose releases ECS drives itself.
    Ecs,
}

/// Which shop, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Where the shop runs.
    #[arg(long, value_enum, default_value = "local")]
    target: Kind,

    /// Its name there: the project, the stack, the namespace, or the cluster.
    #[arg(long, value_name = "NAME", default_value = "sock-shop")]
    shop: String,

    /// Folder of the templates that the shop was made from, on ECS.
    #[arg(long, value_name = "FOLDER", default_value = "ecs")]
    templates: PathBuf,

    /// Data directory, which names the local shop.
    #[command(flatten)]
    which: DataDirArg,
}

/// A rollout to begin, or to go on with.
#[derive(Debug, clap::Args)]
pub(crate) struct StartArgs {
    /// Service to release
    service: Service,

    /// The version that is to take over.
    #[arg(long, value_name = "VERSION", value_parser = ::release::version::parse)]
    to: String,

    /// Print what a person would type, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// How it is to go.
    #[command(flatten)]
    options: Options,

    /// Target of the release.
    #[command(flatten)]
    place: TargetArgs,
}

/// A rollout to end.
#[derive(Debug, clap::Args)]
pub(crate) struct FinishArgs {
    /// Service to release
    service: Service,

    /// The version that stays, when the rollout was begun on another machine.
    #[arg(long, value_name = "VERSION", value_parser = ::release::version::parse)]
    keep: Option<String>,

    /// Target of the release.
    #[command(flatten)]
    place: TargetArgs,
}

/// Options of `release status` and `release history`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,

    /// Target of the release.
    #[command(flatten)]
    place: TargetArgs,
}

/// Does it. Fails when a rollout was aborted.
pub(crate) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::BlueGreen(begin) => go(begin, Strategy::BlueGreen).await,
        Command::Canary(begin) => go(begin, Strategy::Canary).await,
        Command::Promote(end) => finish(end, Intervention::Promote).await,
        Command::Abort(end) => finish(end, Intervention::Abort).await,
        Command::Status(look) => show::status(look).await,
        Command::History(look) => show::history(look),
    }
}

impl TargetArgs {
    /// The shop as a target.
    fn target(&self, dry_run: bool) -> anyhow::Result<Shop> {
        Shop::new(self, dry_run)
    }

    /// What is remembered of its rollouts.
    fn records(&self) -> anyhow::Result<RolloutStore> {
        let kind = self.target.to_possible_value();
        let kind = kind.context("it has no name")?;
        RolloutStore::open(&DataDir::new(&self.which)?.releases(kind.get_name()))
    }
}

async fn go(begin: &StartArgs, strategy: Strategy) -> anyhow::Result<()> {
    ensure!(
        Service::SHOP.contains(&begin.service),
        "the mesh nodes have no releases: they are what moves requests"
    );
    let target = begin.place.target(begin.dry_run)?;
    let service = begin.service.name();
    target.preflight(service, &begin.to, strategy).await?;
    let records = begin.place.records()?;
    let driving = records.drive(service)?;
    let record = record(begin, strategy, &target, &records).await?;
    if begin.dry_run {
        return dry_run_of(&target, &record).await;
    }
    let outcome = Rollout::new(&target, &records, record).run().await?;
    drop(driving);
    told(outcome)
}

/// What was begun and left alone, or what begins now.
async fn record(
    begin: &StartArgs,
    strategy: Strategy,
    target: &impl Target,
    records: &RolloutStore,
) -> anyhow::Result<Record> {
    let service = begin.service.name();
    let plan = begin.options.plan(strategy)?;
    let left = match records.current(service) {
        Some(left) => reconciled(left, target, records).await?,
        None => None,
    };
    if let Some(left) = left {
        ensure!(
            left.to == begin.to && left.plan.strategy == strategy,
            "a {} of {service} to {} was begun and left alone: end it first with \
             `sockshop release abort {service}`",
            left.plan.strategy.name(),
            left.to
        );
        return Ok(Record { plan, ..left });
    }
    Ok(Record {
        service: service.to_owned(),
        from: Rollout::origin(target, service, &begin.to).await?,
        to: begin.to.clone(),
        plan,
        begun_ms: chassis::clock::now_ms(),
    })
}

/// What is left of a rollout that was `left` alone, as the target has it now: nothing
/// when its versions are gone, or when only the new one is left and so takes over.
async fn reconciled(
    left: Record,
    target: &impl Target,
    records: &RolloutStore,
) -> anyhow::Result<Option<Record>> {
    let versions = ::release::rollout::versions(target, &left.service).await?;
    let rollout = Rollout::new(target, records, left.clone());
    if rollout.is_stale().await? {
        rollout.forget().await?;
        return Ok(None);
    }
    if versions == [left.to.as_str()] {
        rollout.finish(Intervention::Promote).await?;
        return Ok(None);
    }
    Ok(Some(left))
}

/// Ends a rollout: asks who drives it, or does so in their stead.
async fn finish(end: &FinishArgs, wish: Intervention) -> anyhow::Result<()> {
    let (service, records) = (end.service.name(), end.place.records()?);
    let Ok(driving) = records.drive(service) else {
        return ask(&records, service, wish).await;
    };
    let target = end.place.target(false)?;
    let record = left_alone(end, &target, &records, wish).await?;
    let outcome = Rollout::new(&target, &records, record).finish(wish).await?;
    drop::<RolloutLock>(driving);
    match (wish, outcome) {
        // To abort is what was wanted here.
        (Intervention::Abort, Outcome::Aborted { .. }) => Ok(()),
        (Intervention::Abort, Outcome::Promoted) => {
            bail!("the old version of {service} cannot serve, so the new one stays")
        }
        (Intervention::Promote, outcome) => told(outcome),
    }
}

/// The rollout to be ended. The target says which versions there are; which of
/// them is the old one, only the record or a person knows.
async fn left_alone(
    end: &FinishArgs,
    target: &impl Target,
    records: &RolloutStore,
    wish: Intervention,
) -> anyhow::Result<Record> {
    let service = end.service.name();
    if let Some(record) = records.current(service) {
        return Ok(record);
    }
    let versions = ::release::rollout::versions(target, service).await?;
    let [one, other] = &*versions else {
        bail!("no release of {service} is on its way");
    };
    let Some(keep) = &end.keep else {
        bail!(
            "{service} runs as {one} and {other}, and nothing is known here of a release: \
             say with --keep which of them stays"
        );
    };
    let leave = match keep {
        keep if keep == one => other,
        keep if keep == other => one,
        _ => bail!("{service} runs as {one} and {other}, and not as {keep}"),
    };
    let (from, to) = match wish {
        Intervention::Promote => (leave, keep),
        Intervention::Abort => (keep, leave),
    };
    let record = Record {
        service: service.to_owned(),
        from: from.clone(),
        to: to.clone(),
        plan: Options::default().plan(Strategy::Canary)?,
        begun_ms: chassis::clock::now_ms(),
    };
    records.begin(&record)?;
    Ok(record)
}

/// Asks the command that drives the rollout of `service`, and waits for its end.
async fn ask(records: &RolloutStore, service: &str, wish: Intervention) -> anyhow::Result<()> {
    let before = records.history().len();
    records.ask(service, wish)?;
    crate::print("asked the command that drives it\n")?;
    while records.is_locked(service) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let history = records.history();
    let ended = history.get(before..).unwrap_or_default();
    let entry = ended.iter().find(|entry| entry.record.service == service);
    let entry = entry.with_context(|| format!("the release of {service} did not end"))?;
    ensure!(
        entry.promoted == (wish == Intervention::Promote),
        "it ended otherwise: see `sockshop release history`"
    );
    crate::print("done\n")
}

fn told(outcome: Outcome) -> anyhow::Result<()> {
    match outcome {
        Outcome::Promoted => Ok(()),
        Outcome::Aborted { reasons } => bail!("aborted: {}", reasons.join("; ")),
    }
}

/// Something that `service` answers only when it works, and that changes nothing.
fn first_question(service: &str) -> &'static str {
    match service {
        "catalogue" => "/catalogue?size=1",
        "carts" => "/carts/nobody/items",
        "orders" => "/orders?size=1",
        "user" => "/customers",
        "front-end" => "/socks",
        _ => "/health",
    }
}
