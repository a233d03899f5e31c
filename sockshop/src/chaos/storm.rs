//! A storm: it hits an instance every so often, ends by itself, and leaves the
//! shop whole.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use chassis::settings::duration;
use hyper::StatusCode;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::pick::{Act, Picker, View};
use super::timeline::Timeline;
use crate::data_dir::DataDirArg;
use crate::probe;
use crate::process::Process;
use crate::service::Service;
use crate::state::{Entry, Phase, State};

/// Time limit for an instance to serve again.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Interval between two polls of a shop that recovers.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What kind of storm.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often it hits.
    #[arg(long, default_value = "2s", value_parser = duration)]
    every: Duration,

    /// Hit only these services, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Service>,

    /// Decides whom it hits and how.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How long it lasts.
    #[arg(long, default_value = "60s", value_parser = duration)]
    duration: Duration,

    /// Write what happens to this file too, a JSON object a line.
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,

    /// The shop to hit.
    #[command(flatten)]
    which: DataDirArg,
}

/// Storms until the time is over or somebody says stop.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    State::running(&options.which)?;
    let mut storm = Storm {
        timeline: Arc::new(Timeline::begin(options.timeline.as_deref())?),
        dice: Picker::new(options.seed),
        pauses: JoinSet::new(),
        ending: Vec::new(),
        over: CancellationToken::new(),
    };
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let outcome = tokio::select! {
        outcome = storm.rage(options) => outcome,
        () = tokio::time::sleep(options.duration) => Ok(()),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    storm.calm_down().await;
    outcome?;
    storm.until_whole(&options.which).await?;
    storm.timeline.note("all", "serving");
    Ok(())
}

struct Storm {
    timeline: Arc<Timeline>,
    dice: Picker,
    pauses: JoinSet<()>,
    /// Told to end, or killed, and perhaps not gone yet.
    ending: Vec<Process>,
    over: CancellationToken,
}

impl Storm {
    /// Hits again and again. Ends only when there is no shop any more.
    async fn rage(&mut self, options: &Options) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(options.every.max(Duration::from_millis(10)));
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (_, state) = State::running(&options.which)?;
            self.ending.retain(|process| process.is_alive());
            let view = |entry| self.view(entry, &options.only);
            let views: Vec<_> = state.instances.iter().map(view).collect();
            if let Some((index, act)) = self.dice.roll(&views) {
                self.hit(&state.instances[index], act);
            }
        }
    }

    fn hit(&mut self, entry: &Entry, act: Act) {
        let Some(process) = entry.process else { return };
        let (signal, words) = match act {
            Act::Kill => (Signal::KILL, "killed".to_owned()),
            Act::Restart => (Signal::TERM, "told to end".to_owned()),
            Act::Pause(time) => (Signal::STOP, format!("paused for {} ms", time.as_millis())),
        };
        if !process.send(signal) {
            return;
        }
        self.timeline.note(&entry.instance, &words);
        match act {
            Act::Pause(time) => self.resume_after(time, process, entry.instance.clone()),
            Act::Kill | Act::Restart => self.ending.push(process),
        }
    }

    fn resume_after(&mut self, time: Duration, process: Process, name: String) {
        let (over, timeline) = (self.over.clone(), self.timeline.clone());
        self.pauses.spawn(async move {
            _ = tokio::time::timeout(time, over.cancelled()).await;
            process.send(Signal::CONT);
            timeline.note(&name, "resumed");
        });
    }

    fn view(&self, entry: &Entry, only: &[Service]) -> View {
        let ending = entry
            .process
            .is_some_and(|process| self.ending.contains(&process));
        View {
            service: entry.service,
            up: serves(entry) && !ending,
            victim: only.is_empty() || only.contains(&entry.service),
        }
    }

    /// Lets everybody go on who is held still.
    async fn calm_down(&mut self) {
        self.over.cancel();
        while self.pauses.join_next().await.is_some() {}
    }

    /// Returns once every instance serves.
    async fn until_whole(&self, which: &DataDirArg) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let (_, state) = State::running(which)?;
            let mut broken = None;
            for entry in &state.instances {
                if !self.view(entry, &[]).up || !is_ready(entry).await {
                    broken = Some(&entry.instance);
                    break;
                }
            }
            match broken {
                None => return Ok(()),
                Some(name) if begun.elapsed() > RECOVERY_TIMEOUT => {
                    bail!("{name} does not serve again")
                }
                Some(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }
}

fn serves(entry: &Entry) -> bool {
    let process = entry.process;
    let runs = process.is_some_and(|process| process.is_alive() && !process.is_paused());
    runs && entry.state == Phase::Serving
}

async fn is_ready(entry: &Entry) -> bool {
    let admin = SocketAddr::new(entry.address, entry.admin_port);
    let Ok(url) = format!("http://{admin}/readyz").parse() else {
        return false;
    };
    let answer = probe::get(&url, Duration::from_secs(2)).await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK)
}
