//! `sockshop up`: a whole shop on one machine.
//!
//! [`plan`] decides which instances there are and where, [`space`] finds room
//! for them, [`supervise`] has each of them kept alive ([`keeper`]) as a [`child`]
//! process of the same executable, and the [`board`] tells other processes about it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use rustix::process::Signal;

use crate::folder::{Folder, Lock};
use crate::state::State;

mod backoff;
mod board;
mod child;
mod detach;
mod keeper;
mod options;
mod plan;
mod signals;
mod space;
mod supervise;

pub(crate) use options::Options;
pub(crate) use plan::MOST;

/// How long processes of a supervisor that was killed may take to notice.
const LEFTOVERS: Duration = Duration::from_secs(5);

/// Opens the shop, and keeps it open until told to end.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.detach && !options.background {
        return detach::start(&options.which);
    }
    if options.background {
        detach::leave_terminal()?;
    }
    let folder = Folder::new(&options.which)?;
    let lock = folder.open(options.fresh)?;
    end_leftovers(&folder);
    if options.fresh {
        folder.empty(&lock)?;
    }
    let door = space::door(options.port)?;
    let scale = options.scale.iter().copied().collect();
    let claim = space::claim(&scale, door)?;
    let instances = plan::plan(&scale, door, &claim.space, env!("CARGO_PKG_VERSION"));
    let kit = child::Kit {
        executable: std::env::current_exe()?,
        environment: environment(&folder, &lock, &instances)?,
        folder,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(supervise::run(kit, instances, options));
    runtime.shutdown_background();
    drop((claim, lock));
    outcome
}

/// What every process of the shop is told: where the others are, and the
/// secret that front-ends share.
fn environment(
    folder: &Folder,
    lock: &Lock,
    instances: &[plan::Instance],
) -> anyhow::Result<Vec<(String, String)>> {
    let mut environment = plan::urls(instances);
    let key = folder.secret("session.key", lock)?;
    environment.push(("SESSION_KEY".to_owned(), key));
    Ok(environment)
}

/// A supervisor that was killed leaves processes that are about to end. Two
/// generations should not share a store, nor fight for a port.
fn end_leftovers(folder: &Folder) {
    let entries = State::last(folder).map(|state| state.instances);
    let processes = entries.into_iter().flatten().filter_map(|one| one.process);
    let mut left: Vec<_> = processes.filter(|process| process.is_alive()).collect();
    let begun = std::time::Instant::now();
    while !left.is_empty() {
        if begun.elapsed() > LEFTOVERS {
            for process in &left {
                process.send(Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
        left.retain(|process| process.is_alive());
    }
}

/// One line about one event. That nobody reads it is no reason to end.
fn say(who: &str, what: &str) {
    let now = jiff::Timestamp::now().strftime("%H:%M:%S");
    _ = writeln!(std::io::stdout(), "{now}  {who:<16}{what}");
}

/// What people see when the shop is open.
fn welcome(state: &State) {
    let rows = state.instances.iter().map(|one| {
        let socket = std::net::SocketAddr::new(one.address, one.port);
        let phase = one.state.name().to_owned();
        let service = one.service.to_string();
        vec![
            service,
            one.version.clone(),
            one.instance.clone(),
            socket.to_string(),
            phase,
        ]
    });
    let head = ["SERVICE", "VERSION", "INSTANCE", "ADDRESS", "STATE"];
    let mut text = crate::table::render(&head, rows.collect());
    _ = write!(text, "\n{}\n", state.url);
    let mut out = std::io::stdout().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
