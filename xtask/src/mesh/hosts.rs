//! Three hosts on one machine: network namespaces, joined by a bridge in a fourth.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::sh::{self, Running};
use crate::wait::until;

/// The namespace of the bridge.
const WIRE: &str = "sock-wire";

/// What lives where. Everybody needs somebody on another host.
const SHOP: [&[&str]; 3] = [
    &["catalogue", "payment", "queue-master"],
    &["carts", "user", "front-end"],
    &["orders", "shipping", "catalogue"],
];

/// What precedes the payload of a captured datagram: the head of the file and of
/// the record, then Ethernet, IP and UDP.
const CAPTURED: usize = 24 + 16 + 14 + 20 + 8;

/// Longer than a process needs to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Host emulated by a network namespace.
pub(super) struct Host {
    /// Name of the network namespace.
    pub(super) name: String,
    /// Its address on the wire.
    pub(super) address: String,
    number: usize,
}

/// All of them, gone when this is dropped.
pub(super) struct Hosts {
    pub(super) all: Vec<Host>,
    pub(super) sockshop: std::path::PathBuf,
    pub(super) key: String,
    running: Vec<Running>,
    pub(super) folder: tempfile::TempDir,
}

impl Hosts {
    /// Makes the hosts and opens the shop on them.
    pub(super) fn start(sockshop: &Path) -> anyhow::Result<Self> {
        ensure!(sh::is_root(), "only root can make network namespaces");
        sh::program("ip", "iproute2", &["/usr/sbin"])?;
        sh::program("dig", "bind9-dnsutils", &[])?;
        sh::program("curl", "curl", &[])?;
        sh::program("tcpdump", "tcpdump", &["/usr/sbin", "/usr/bin"])?;
        let folder = tempfile::tempdir()?;
        let data = folder.path().to_owned();
        let mut hosts = Self {
            all: (1..=SHOP.len()).map(Host::new).collect(),
            sockshop: sockshop.to_owned(),
            key: "a key that only these three hosts know".to_owned(),
            running: Vec::new(),
            folder,
        };
        hosts.wire()?;
        for number in 0..SHOP.len() {
            hosts.furnish(number, &data)?;
        }
        hosts.settle()?;
        Ok(hosts)
    }

    /// A bridge, and a cable from each host to it.
    fn wire(&self) -> anyhow::Result<()> {
        self.clear();
        ip(&["netns", "add", WIRE])?;
        ip(&["-n", WIRE, "link", "add", "wire", "type", "bridge"])?;
        ip(&["-n", WIRE, "link", "set", "wire", "up"])?;
        for host in &self.all {
            let Host { name, address, .. } = host;
            let end = host.cable();
            ip(&["netns", "add", name])?;
            let cable = ["link", "add", "eth0", "netns", name, "type", "veth"];
            ip(&[&cable[..], &["peer", "name", &end, "netns", WIRE]].concat())?;
            ip(&["-n", WIRE, "link", "set", &end, "master", "wire", "up"])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
            ip(&["-n", name, "link", "set", "eth0", "up"])?;
            let own = format!("{address}/24");
            ip(&["-n", name, "address", "add", &own, "dev", "eth0"])?;
            // What a host's resolver needs to know, and nothing else of the mesh.
            let etc = host.etc();
            fs::create_dir_all(&etc)?;
            let resolver = format!("nameserver {address}\nsearch weave.local\n");
            fs::write(format!("{etc}/resolv.conf"), resolver)?;
            fs::write(format!("{etc}/hosts"), "127.0.0.1 localhost\n")?;
            fs::write(format!("{etc}/nsswitch.conf"), "hosts: files dns\n")?;
        }
        Ok(())
    }

    /// Starts a mesh node and what lives on that host.
    fn furnish(&mut self, number: usize, data: &Path) -> anyhow::Result<()> {
        let host = &self.all[number];
        let gossip = |other: &Host| format!("{}:7946", other.address);
        let others: Vec<_> = self.others(number).map(gossip).collect();
        let mut node = self.serve(host, "meshd", 0);
        node.env("MESH_JOIN", others.join(","));
        node.env("DNS_PORT", "53");
        let mut starting = vec![node];
        // Its own node first, and another when that is gone.
        let announce = |one: &Host| format!("{}:8080", one.address);
        let nodes: Vec<_> = std::iter::once(host)
            .chain(self.others(number))
            .map(announce)
            .collect();
        for (place, service) in SHOP[number].iter().enumerate() {
            let mut serve = self.serve(host, service, place + 1);
            serve.env("MESH", nodes.join(","));
            serve.env("MESH_DNS", format!("{}:53", host.address));
            let store = data.join(format!("{}-{service}.db", host.name));
            let store = format!("sqlite:{}?mode=rwc", store.display());
            serve
                .env("SESSION_STORE", &store)
                .env("DATABASE_URL", &store);
            serve.env("SESSION_KEY", "0".repeat(64));
            starting.push(serve);
        }
        for mut command in starting {
            self.running.push(Running::start(&mut command)?);
        }
        Ok(())
    }

    /// A process of the shop on `host`. Each has the address of the host, and
    /// ports of its own.
    fn serve(&self, host: &Host, service: &str, place: usize) -> Command {
        let mut serve = host.run(&self.sockshop.to_string_lossy());
        serve.args(["serve", service]);
        serve.env("BIND_ADDRESS", &host.address);
        serve.env("PORT", (8080 + place).to_string());
        serve.env("ADMIN_PORT", (9090 + place).to_string());
        serve.env("INSTANCE", format!("{service}-{}", host.number));
        serve.env("MESH_KEY", &self.key).stderr(Stdio::null());
        serve
    }

    fn others(&self, number: usize) -> impl Iterator<Item = &Host> {
        let all = self.all.iter().enumerate();
        all.filter(move |(at, _)| *at != number)
            .map(|(_, host)| host)
    }

    /// Returns once every host knows everybody.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let all: usize = SHOP.iter().map(|services| services.len() + 1).sum();
        for host in &self.all {
            until(
                &format!("{} to know everybody", host.name),
                START_TIMEOUT,
                || {
                    let serving = host.serving().ok()?;
                    (serving.len() == all).then_some(())
                },
            )?;
        }
        Ok(())
    }

    /// Removes whatever there is of the hosts, and of those of an earlier run.
    fn clear(&self) {
        let names = self.all.iter().map(|host| host.name.as_str());
        for name in names.chain([WIRE]) {
            let mut remove = Command::new("ip");
            _ = remove
                .args(["netns", "delete", name])
                .stderr(Stdio::null())
                .status();
        }
        for host in &self.all {
            _ = fs::remove_dir_all(host.etc());
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.running.clear();
        self.clear();
    }
}

impl Host {
    fn new(number: usize) -> Self {
        Self {
            name: format!("sock-host-{number}"),
            address: format!("10.78.0.{number}"),
            number,
        }
    }

    /// The end of its cable at the bridge.
    fn cable(&self) -> String {
        format!("host{}", self.number)
    }

    fn etc(&self) -> String {
        format!("/etc/netns/{}", self.name)
    }

    /// A program on this host.
    pub(super) fn run(&self, program: &str) -> Command {
        let mut run = Command::new("ip");
        run.args(["netns", "exec", &self.name, program]);
        run
    }

    /// Pulls its cable, or plugs it in.
    pub(super) fn plug(&self, state: &str) -> anyhow::Result<()> {
        ip(&["-n", WIRE, "link", "set", &self.cable(), state])
    }

    /// What `path` on the admin port of its mesh node says.
    pub(super) fn admin(&self, path: &str) -> anyhow::Result<String> {
        let mut ask = self.run("curl");
        ask.args(["--silent", "--fail", "--max-time", "2"]);
        sh::read_quietly(ask.arg(format!("http://{}:9090{path}", self.address)))
    }

    /// Writes what is in the next datagram of gossip that comes in to `file`.
    pub(super) fn overhear(&self, file: &Path) -> anyhow::Result<()> {
        let mut listen = self.run("timeout");
        listen.args([
            "10", "tcpdump", "-i", "eth0", "-c", "1", "-Z", "root", "-w", "-",
        ]);
        listen.args(["--immediate-mode", "udp dst port 7946 and less 1400"]);
        listen.args(["and dst host", &self.address]);
        let output = listen.stderr(Stdio::null()).output()?;
        let payload = output.stdout.get(CAPTURED..);
        let payload = payload.context("tcpdump has overheard nothing")?;
        Ok(fs::write(file, payload)?)
    }

    /// All that its mesh node knows.
    pub(super) fn state(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.admin("/state")?)?)
    }

    /// The instances that serve, as its mesh node knows them, in order.
    pub(super) fn serving(&self) -> anyhow::Result<Vec<String>> {
        let state = self.state()?;
        let instances = state["instances"].as_array().context("no instances")?;
        let serving = instances.iter().filter(|one| one["phase"] == "serving");
        let mut names: Vec<_> = serving.map(|one| one["instance"].to_string()).collect();
        names.sort();
        Ok(names)
    }

    /// What its resolver answers to `dig NAME KIND`, in order.
    pub(super) fn dig(&self, name: &str, kind: &str) -> anyhow::Result<Vec<String>> {
        let mut dig = self.run("dig");
        dig.args(["+short", "+search", "+time=1", "+tries=2"]);
        let said = sh::read_quietly(dig.args([name, kind]))?;
        let mut answers: Vec<_> = said.lines().map(str::to_owned).collect();
        answers.sort();
        Ok(answers)
    }
}

fn ip(words: &[&str]) -> anyhow::Result<()> {
    sh::read(Command::new("ip").args(words)).map(drop)
}
