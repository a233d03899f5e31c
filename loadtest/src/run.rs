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

/// Default arrival rate, in visits per second.
const DEFAULT_RATE: f64 = 5.0;

/// Visits the shop whose front-ends are at `urls`, writes the report and
/// returns the summary. Ctrl-C and SIGTERM end the run early.
pub async fn run(options: &Load, urls: &[String]) -> anyhow::Result<Summary> {
    // What is written in the end is opened first: a slip must not cost a run.
    let report = options.report.as_deref().map(report::File::open);
    let report = report.transpose()?;
    let net = Net::new(urls, options.timeout)?;
    let context = context(options, net)?;
    preflight(&context).await.with_context(|| urls.join(", "))?;
    let virtual_users = Arc::new(VirtualUsers::new(
        options.profile,
        context.clone(),
        options.users.is_some(),
    ));
    let stopper = tokio::spawn(stop_on_signal(context.clone(), StopSignals::listen()?));
    let shown = tokio::spawn(progress::show(context.recorder.clone()));
    drive(options, &context, &virtual_users).await;
    shown.abort();
    stopper.abort();
    progress::clear();
    if let Some(error) = context.broken.get() {
        bail!("{error:#}");
    }
    let elapsed = context.recorder.elapsed();
    let summary = context
        .recorder
        .read(|figures| Summary::of(options, virtual_users.met(), elapsed, figures));
    if let Some(report) = report {
        report.write(&summary)?;
    }
    Ok(summary)
}

fn context(options: &Load, net: Net) -> anyhow::Result<Arc<RunContext>> {
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
async fn preflight(context: &RunContext) -> anyhow::Result<()> {
    let quiet = RunContext::new(Net::clone(&context.net), 0);
    let home = quiet.browser(0).ask(Ask::get("home", "/")).await;
    match home {
        Ok(_) => Ok(()),
        Err(_) => bail!("the shop does not show its first page"),
    }
}

async fn drive(options: &Load, context: &Arc<RunContext>, virtual_users: &Arc<VirtualUsers>) {
    let visits = virtual_users.clone();
    let visit = move |arrival| visits.clone().visit(arrival);
    if let Some(count) = options.users {
        let users = Users {
            count,
            duration: options.duration,
            ramp: options.ramp_up,
        };
        engine::closed(users, &context.stop, visit).await;
    } else {
        let rate = options.rate.unwrap_or(DEFAULT_RATE);
        let pace = Pace::new(rate, options.duration, options.ramp_up, options.ramp_down);
        let most = usize::try_from(options.most_at_once).unwrap_or(usize::MAX);
        engine::open(pace.arrivals(options.seed), most, &context.stop, visit).await;
    }
}

/// The first Ctrl-C or SIGTERM lets visitors finish, for a while; the second ends
/// the process.
async fn stop_on_signal(context: Arc<RunContext>, mut stopper: StopSignals) {
    loop {
        let status = stopper.next().await;
        if context.stop.is_cancelled() {
            std::process::exit(status);
        }
        context.stop.cancel();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Signals that end a run.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
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
