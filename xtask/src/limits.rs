//! Floods of one front-end that has 64 MiB: idle connections, heads that never end,
//! answers that nobody reads, event streams, sign-ins. One after another and all at
//! once, while an honest visitor asks for pages. It must live through all of it, and
//! the visitor must hardly notice.

mod cgroup;
mod flood;
mod front_end;
mod visitor;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::buyer::Buyer;
use crate::{servers, sh, wait};
use cgroup::Cgroup;
use flood::{Flood, Kind};
use front_end::FrontEnd;
use visitor::Visitor;

/// Which executable, in how much memory.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Test this executable rather than a release build
    #[arg(long)]
    sockshop: Option<PathBuf>,

    /// Memory of the front-end's cgroup, in MiB
    #[arg(long, default_value_t = 64)]
    memory: u64,
}

/// The longest that an honest visitor waits for a page or a registration.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// What an idle connection may add to the memory of the front-end, in bytes.
const MAX_PER_IDLE: u64 = 8 << 10;

/// Longer than a shop takes to open, or a front-end to start again.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How many pages the honest visitor asks for under each flood.
const PAGES: usize = 100;

/// Longer than the shop takes to cut off whatever hangs: its longest time limit
/// is 30 s.
const CUT_TIMEOUT: Duration = Duration::from_secs(45);

/// Opens a shop, floods its front-end, prints what it cost, and fails past a limit.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.sockshop {
        Some(binary) => std::path::absolute(binary)?,
        None => sh::release()?,
    };
    raise_open_files()?;
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&binary, &folder.path().join("shop"))?;
    let cgroup = Cgroup::new("sockshop-limits")?;
    let front_end = FrontEnd::started_in(&cgroup, &shop)?;
    cgroup.limit(options.memory << 20)?;
    let outcome = floods(&shop, &cgroup, &front_end);
    if outcome.is_err() {
        let artefacts = sh::artefacts("limits")?;
        let logs = sh::read_quietly(&mut shop.command(&["logs"]))?;
        std::fs::write(artefacts.join("shop.log"), logs)?;
    }
    outcome
}

fn floods(shop: &Shop<'_>, cgroup: &Cgroup, front_end: &FrontEnd) -> anyhow::Result<()> {
    let buyer = Buyer::register(&front_end.url())?;
    buyer.buy().map_err(anyhow::Error::msg)?;
    let watch = flood::Customer {
        cookies: buyer.cookies().to_owned(),
        order: buyer.latest_order()?,
    };
    let visitor = Visitor::of(front_end.address());
    println!(
        "{:<26}{:>8}{:>12}{:>14}{:>12}",
        "FLOOD", "OPEN", "PEAK MIB", "SLOWEST PAGE", "REGISTERED"
    );
    let mut failures = Vec::new();
    let mut report = |name: &str, flood: &dyn Fn() -> anyhow::Result<Flood>| {
        let found = under(name, flood, cgroup, front_end, &visitor, &buyer);
        if let Err(failure) = found {
            println!("{name}: {failure:#}");
            println!("{}", front_end.connection_metrics().unwrap_or_default());
            failures.push(format!("{name}: {failure:#}"));
        }
    };
    for kind in Kind::ALL {
        report(kind.name(), &|| kind.begin(front_end.address(), &watch));
    }
    report("all at once", &|| {
        let mut all = Flood::default();
        for kind in Kind::ALL {
            all.join(kind.begin(front_end.address(), &watch)?);
        }
        Ok(all)
    });
    let same = front_end.must_be_the_same(shop);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    same
}

/// One flood, from its first connection to its last, and what it costs.
fn under(
    name: &str,
    begin: &dyn Fn() -> anyhow::Result<Flood>,
    cgroup: &Cgroup,
    front_end: &FrontEnd,
    visitor: &Visitor,
    buyer: &Buyer,
) -> anyhow::Result<()> {
    cgroup.forget_peak()?;
    let before = front_end.anonymous()?;
    let mut flood = begin()?;
    let started = Instant::now();
    let registered = Instant::now();
    buyer.register_another()?;
    let registered = registered.elapsed();
    let slowest = visitor.slowest_of(PAGES)?;
    let idle = flood.idle();
    if idle > 0 && idle == flood.len() {
        // Its buffers are given back after a second.
        wait::until("idle connections that are cheap", MAX_WAIT * 10, || {
            let added = front_end.anonymous().ok()?.saturating_sub(before);
            (added / idle as u64 <= MAX_PER_IDLE).then_some(())
        })?;
        let added = front_end.anonymous()?.saturating_sub(before);
        println!(
            "{:<26}{:>8} bytes each",
            "idle connections",
            added / idle as u64
        );
    }
    let peak = cgroup.peak()?;
    println!(
        "{name:<26}{:>8}{:>12}{:>11} ms{:>9} ms",
        flood.len(),
        peak >> 20,
        slowest.as_millis(),
        registered.as_millis(),
    );
    flood.must_end_as_it_should(started, CUT_TIMEOUT)?;
    ensure!(slowest < MAX_WAIT, "a page took {slowest:?}");
    ensure!(registered < MAX_WAIT, "a registration took {registered:?}");
    Ok(())
}

/// A shop with one instance of everything, closed when this is dropped.
struct Shop<'a> {
    binary: &'a Path,
    data: PathBuf,
}

impl<'a> Shop<'a> {
    fn open(binary: &'a Path, data: &Path) -> anyhow::Result<Self> {
        let shop = Self {
            binary,
            data: data.to_owned(),
        };
        let port = servers::free_port()?.to_string();
        sh::run(
            shop.command(&["up", "--detach", "--port", &port])
                .stdout(Stdio::null()),
        )?;
        Ok(shop)
    }

    /// `sockshop` with these arguments, about this shop.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(arguments).arg("--data").arg(&self.data);
        command
    }

    /// What `status` says of the instance called `name`.
    fn instance(&self, name: &str) -> anyhow::Result<serde_json::Value> {
        let status = sh::read_quietly(&mut self.command(&["status", "--json"]))?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        let instances = status["instances"].as_array().context("no instances")?;
        let found = instances.iter().find(|one| one["instance"] == name);
        Ok(found.with_context(|| format!("no {name}"))?.clone())
    }
}

impl Drop for Shop<'_> {
    fn drop(&mut self) {
        _ = self.command(&["down"]).status();
    }
}

/// The floods need thousands of sockets on this side too.
fn raise_open_files() -> anyhow::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).context("cannot raise the number of open files")
}
