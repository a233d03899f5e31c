//! One load test, from its flags to its summary.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::browser::{Ask, Net};
use crate::engine::{self, Users};
use crate::journal::Journal;
use crate::options::Load;
use crate::profile::{RunContext, VirtualUsers};
use crate::schedule::Pace;
use crate::summary::Summary;
use crate::{progress, report};

/// The rate when nothing else is asked for: a calm afternoon.
const CALM: f64 = 5.0;

/// Visits the shop whose front-ends are at `urls`, writes the report and
/// returns the summary. Ctrl-C and SIGTERM end the run early.
pub async fn run(options: &Load, urls: &[String]) -> anyhow::Result<Summary> {
    // What is written in the end is opened first: a slip must not cost a run.
    let report = options.report.as_deref().map(report::File::open);
    let report = report.transpose()?;
    let net = Net::new(urls, options.timeout)?;
    let world = world(options, net)?;
    knock(&world).await.with_context(|| urls.join(", "))?;
    let cast = Arc::new(VirtualUsers::new(
        options.profile,
        world.clone(),
        options.users.is_some(),
    ));
    let told = tokio::spawn(end_when_told(world.clone(), Told::listen()?));
    let shown = tokio::spawn(progress::show(world.tally.clone()));
    let_in(options, &world, &cast).await;
    shown.abort();
    told.abort();
    progress::clear();
    if let Some(error) = world.broken.get() {
        bail!("{error:#}");
    }
    let elapsed = world.tally.elapsed();
    let summary = world
        .tally
        .read(|figures| Summary::of(options, cast.met(), elapsed, figures));
    if let Some(report) = report {
        report.write(&summary)?;
    }
    Ok(summary)
}

fn world(options: &Load, net: Net) -> anyhow::Result<Arc<RunContext>> {
    let journal = options.journal.as_deref().map(Journal::open).transpose()?;
    Ok(Arc::new(RunContext {
        journal,
        think: options.think,
        enough: options.orders,
        ..RunContext::new(net, options.seed)
    }))
}

/// A shop that does not show its first page is not worth a load test. What it
/// says does not count yet.
async fn knock(world: &RunContext) -> anyhow::Result<()> {
    let quiet = RunContext::new(Net::clone(&world.net), 0);
    let home = quiet.browser(0).ask(Ask::get("home", "/")).await;
    match home {
        Ok(_) => Ok(()),
        Err(_) => bail!("the shop does not show its first page"),
    }
}

async fn let_in(options: &Load, world: &Arc<RunContext>, cast: &Arc<VirtualUsers>) {
    let visits = cast.clone();
    let visit = move |ticket| visits.clone().visit(ticket);
    if let Some(count) = options.users {
        let users = Users {
            count,
            duration: options.duration,
            ramp: options.ramp_up,
        };
        engine::closed(users, &world.stop, visit).await;
    } else {
        let rate = options.rate.unwrap_or(CALM);
        let pace = Pace::new(rate, options.duration, options.ramp_up, options.ramp_down);
        let most = usize::try_from(options.most_at_once).unwrap_or(usize::MAX);
        engine::open(pace.arrivals(options.seed), most, &world.stop, visit).await;
    }
}

/// The first Ctrl-C or SIGTERM lets visitors finish, for a while; the second ends
/// the process.
async fn end_when_told(world: Arc<RunContext>, mut told: Told) {
    loop {
        let status = told.next().await;
        if world.stop.is_cancelled() {
            std::process::exit(status);
        }
        world.stop.cancel();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The signals that end a run.
struct Told {
    interrupt: Signal,
    terminate: Signal,
}

impl Told {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal. Returns the exit status of a process that it ended.
    async fn next(&mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        128 + kind.as_raw_value()
    }
}
