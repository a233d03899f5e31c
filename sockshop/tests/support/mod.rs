//! A whole shop for a test: opened in a folder of its own on a free port,
//! closed when it is dropped.

#![allow(dead_code, reason = "every suite uses another part of this")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

pub(crate) mod api;
pub(crate) mod by_hand;
pub(crate) mod served;
pub(crate) mod shared;
#[cfg(target_os = "linux")]
pub(crate) mod sockets;
pub(crate) mod visitor;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

/// The executable under test.
pub(crate) const SOCKSHOP: &str = env!("CARGO_BIN_EXE_sockshop");

/// Time limit for what takes milliseconds on an idle machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A shop that is open.
pub(crate) struct Shop {
    supervisor: Child,
    data: Option<TempDir>,
    /// Where people find it, such as `http://127.0.0.1:8080`.
    pub(crate) url: String,
    /// What `sockshop up` printed when it was open.
    pub(crate) welcome: String,
}

/// One instance, as `sockshop status --json` tells.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "the names on the wire")]
pub(crate) struct Instance {
    pub(crate) service: String,
    pub(crate) version: String,
    pub(crate) instance: String,
    pub(crate) pid: Option<u32>,
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) admin_port: u16,
    pub(crate) dns_port: Option<u16>,
    pub(crate) state: String,
    pub(crate) restarts: u32,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) pss_bytes: Option<u64>,
    pub(crate) message: Option<String>,
}

impl Instance {
    /// Where it serves REST and gRPC.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", self.address, self.port)
    }

    /// Its private port: `/livez`, `/readyz`, `/metrics`, `/faults`.
    pub(crate) fn admin_url(&self) -> String {
        format!("http://{}:{}", self.address, self.admin_port)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    instances: Vec<Instance>,
}

impl Shop {
    /// Starts a shop in a folder of its own.
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    /// Opens a shop with more flags for `sockshop up`.
    pub(crate) fn open_with(flags: &[&str]) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), flags)
    }

    /// Opens a shop on a folder that may have been a shop's before.
    pub(crate) fn open_in(data: TempDir, flags: &[&str]) -> Self {
        Self::open_told(data, flags, &[])
    }

    /// Opens a shop with these variables in its environment.
    pub(crate) fn open_told(data: TempDir, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let port = free_port();
        let mut supervisor = up(data.path(), port)
            .args(flags)
            .envs(variables.iter().copied())
            .arg("--end-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let mut output = BufReader::new(supervisor.stdout.take().unwrap());
        let mut welcome = String::new();
        while welcome.lines().last() != Some(&url) {
            if output.read_line(&mut welcome).unwrap() == 0 {
                let mut error = String::new();
                let mut stderr = supervisor.stderr.take().unwrap();
                stderr.read_to_string(&mut error).unwrap();
                panic!("the shop did not open: {welcome}{error}");
            }
        }
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self {
            supervisor,
            data: Some(data),
            url,
            welcome,
        }
    }

    /// Data directory of the shop.
    pub(crate) fn data(&self) -> &Path {
        self.data.as_ref().unwrap().path()
    }

    /// Runs `sockshop` with `arguments` for this shop.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = sockshop();
        command.args(arguments).arg("--data").arg(self.data());
        command.output().unwrap()
    }

    /// Every instance, as it is now.
    pub(crate) fn instances(&self) -> Vec<Instance> {
        let output = self.run(&["status", "--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let status: Status = serde_json::from_slice(&output.stdout).unwrap();
        status.instances
    }

    /// The instance called `name`, such as `catalogue-1`.
    pub(crate) fn instance(&self, name: &str) -> Instance {
        let found = self
            .instances()
            .into_iter()
            .find(|one| one.instance == name);
        found.unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// Base URL of the first instance of `service`.
    pub(crate) fn service(&self, service: &str) -> String {
        self.instance(&format!("{service}-1")).url()
    }

    /// The process that looks after the shop.
    pub(crate) fn supervisor(&self) -> u32 {
        self.supervisor.id()
    }

    /// Waits until it has ended with an error, and returns what it said.
    pub(crate) fn last_words(mut self) -> String {
        let mut words = String::new();
        let mut stderr = self.supervisor.stderr.take().unwrap();
        stderr.read_to_string(&mut words).unwrap();
        assert_eq!(self.supervisor.wait().unwrap().code(), Some(1), "{words}");
        words
    }

    /// Closes the shop as Ctrl-C does; its data is kept.
    pub(crate) fn close(mut self) -> TempDir {
        // Waiting closes its standard input, which would be telling it twice.
        let _lifeline = self.supervisor.stdin.take();
        signal(self.supervisor.id(), Signal::INT);
        let status = self.supervisor.wait().unwrap();
        assert!(status.success(), "{status}");
        self.data.take().unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.data.is_some() && std::thread::panicking() {
            eprintln!("{}", text(&self.run(&["logs"]).stdout));
        }
        if matches!(self.supervisor.try_wait(), Ok(None)) {
            let _lifeline = self.supervisor.stdin.take();
            signal(self.supervisor.id(), Signal::TERM);
            _ = self.supervisor.wait();
        }
    }
}

/// A browser without a window: it follows redirects and keeps cookies.
pub(crate) fn client() -> reqwest::Client {
    builder().build().unwrap()
}

/// One to be finished, which keeps cookies.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().cookie_store(true).no_proxy();
    client.timeout(TIMEOUT)
}

/// `sockshop`, in an environment that says nothing about shops.
pub(crate) fn sockshop() -> Command {
    let mut command = Command::new(SOCKSHOP);
    command.stdin(Stdio::null()).env_remove("SOCKSHOP_DATA");
    command
}

/// `sockshop up` on `data` and `port`.
pub(crate) fn up(data: &Path, port: u16) -> Command {
    let mut command = sockshop();
    command
        .args(["up", "--port", &port.to_string(), "--data"])
        .arg(data);
    command
}

/// A port nobody listens on, outside the range the system takes ports for
/// connections from.
pub(crate) fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| rand::random_range(20_000..30_000));
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(1000).find(free).unwrap()
}

/// Sends `signal` to process `pid`.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Waits until `condition` holds; `what` says so when it never does.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < TIMEOUT, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// As [`eventually`], for a condition that has to be asked for.
pub(crate) async fn eventually_async(what: &str, condition: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < TIMEOUT, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A connection for a generated gRPC client.
pub(crate) fn grpc(url: &str) -> Channel {
    let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
    endpoint.connect_lazy()
}

/// Bytes a process printed, as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
