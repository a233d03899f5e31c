//! `sockshop up`: a whole shop on one machine.
//!
//! The [`desired`] state may change at any time; [`plan`] decides which instances that
//! makes and where, [`space`] finds room for them, [`supervise`] has each of them
//! kept alive ([`keeper`]) as a [`child`] process of the same executable, and the
//! [`board`] tells other processes about it. The mesh nodes come first ([`mesh`]):
//! everybody else finds the others through them. Visitors come through the [`proxy`].

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use chassis::forwarded::ProxySettings;
use rustix::fs::Mode;
use rustix::process::Signal;

use crate::data_dir::{DataDir, MESH_KEY, SESSION_KEY};
use crate::state::State;

mod backoff;
mod board;
mod child;
pub(crate) mod desired;
mod detach;
pub(crate) mod environment;
mod keeper;
mod mesh;
mod options;
mod plan;
mod proxy;
mod signals;
mod space;
mod supervise;

use desired::{DesiredFile, Promoted, VERSION};
pub(crate) use options::Options;
pub(crate) use plan::MAX_INSTANCES;

/// The networks that the door reaches front-ends from.
const THIS_MACHINE: &str = "127.0.0.0/8,::1";

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
    // Whatever can be refused comes before the first thing is made.
    let folder = DataDir::new(&options.which)?;
    folder.check_free()?;
    let promoted = if options.fresh {
        Promoted::default()
    } else {
        Promoted::of(&folder)
    };
    let wanted = desired::all(&options.scale, &promoted);
    desired::check(&wanted)?;
    let (door, room) = space::door(options.bind, options.port)?;
    // The processes inherit it: their stores and logs are for nobody else's eyes.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let lock = folder.open(options.fresh)?;
    end_leftovers(&folder);
    if options.fresh {
        folder.empty(&lock)?;
    }
    DesiredFile::open(&folder)?.write(&wanted)?;
    let mesh = plan::mesh(options.mesh, VERSION);
    let mut first = mesh.clone();
    first.extend(plan::changes(&[], &[], &wanted).come);
    let claim = space::claim(&first, door);
    let mesh = plan::place(mesh.clone(), door, &claim.space(&mesh)?);
    let key = folder.secret(SESSION_KEY, &lock)?;
    let around = proxy::Surroundings {
        trusted: options.proxies.trusted_proxies.clone(),
        shop_id: shop_id(&key)?,
    };
    let kit = child::Launcher {
        executable: std::env::current_exe()?,
        environment: environment(&mesh),
        front_end: front_end(&options.proxies, key),
        mesh_key: folder
            .secret(MESH_KEY, &lock)?
            .parse()
            .map_err(anyhow::Error::msg)?,
        gossip: mesh.iter().filter_map(plan::Instance::gossip).collect(),
        folder,
    };
    let site = supervise::UpConfig {
        kit,
        door,
        room,
        around,
        claim,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(supervise::run(site, mesh, options));
    runtime.shutdown_background();
    drop(lock);
    outcome
}

/// What every process of the shop is told: where the mesh is. They find each
/// other by name.
fn environment(mesh: &[plan::Instance]) -> Vec<(&'static str, String)> {
    let list = |sockets: Vec<SocketAddr>| {
        let sockets = sockets.iter().map(ToString::to_string);
        sockets.collect::<Vec<_>>().join(",")
    };
    vec![
        (
            "MESH",
            list(mesh.iter().map(|node| node.sockets()[0]).collect()),
        ),
        (
            "MESH_DNS",
            list(mesh.iter().filter_map(plan::Instance::dns).collect()),
        ),
    ]
}

/// What front-ends are told: the secret of sessions, the URL that people type, and
/// that the door in front of them is to be believed.
fn front_end(proxies: &ProxySettings, key: String) -> Vec<(&'static str, String)> {
    let public_url = proxies.public_url.as_ref().map(ToString::to_string);
    vec![
        ("SESSION_KEY", key),
        ("PUBLIC_URL", public_url.unwrap_or_default()),
        ("TRUSTED_PROXIES", THIS_MACHINE.to_owned()),
    ]
}

/// The identifier of the shop with this session key.
fn shop_id(key: &str) -> anyhow::Result<String> {
    let key = frontend::Key::read(key);
    let key = key.map_err(|error| anyhow::anyhow!("the session key cannot be read: {error}"))?;
    Ok(key.shop_id().to_owned())
}

/// A supervisor that was killed leaves processes that are about to end. Two
/// generations should not share a store, nor fight for a port.
fn end_leftovers(folder: &DataDir) {
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
