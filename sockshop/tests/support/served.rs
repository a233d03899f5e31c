//! One service started by itself, as `sockshop serve` does, with settings a
//! whole shop does not have.

use std::io::{BufRead, BufReader};
use std::process::{Child, ExitStatus, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::{signal, sockshop};

/// Whom a service finds nowhere, unless its settings say where.
const OTHERS: [&str; 6] = [
    "CATALOGUE_URL",
    "CARTS_URL",
    "ORDERS_URL",
    "PAYMENT_URL",
    "USER_URL",
    "SHIPPING_URL",
];

/// A service that runs. It ends when this is dropped, and keeps nothing.
pub(crate) struct Served {
    child: Child,
    /// Where it serves REST and gRPC.
    pub(crate) url: String,
    /// Its private port: `/livez`, `/readyz`, `/metrics`, `/faults`.
    pub(crate) admin_url: String,
}

impl Served {
    /// Starts `service` with these settings, and returns once it serves.
    pub(crate) fn start(service: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = sockshop()
            .args(["serve", service])
            .envs([("PORT", "0"), ("ADMIN_PORT", "0"), ("RUST_LOG", "info")])
            .envs([
                ("DATABASE_URL", "sqlite::memory:"),
                ("SESSION_STORE", "sqlite::memory:"),
                ("END_WITH_STDIN", "true"),
            ])
            .envs(OTHERS.map(|url| (url, "http://127.0.0.1:1")))
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = log.by_ref().find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
            (line["message"] == "serving").then_some(line)
        });
        std::thread::spawn(move || log.for_each(drop));
        let serving = serving.unwrap_or_else(|| panic!("{service} does not serve"));
        let url = |key: &str| format!("http://{}", serving[key].as_str().unwrap());
        Self {
            child,
            url: url("address"),
            admin_url: url("admin"),
        }
    }

    /// Asks it to end, as a platform does.
    pub(crate) fn terminate(&self) {
        self.send(Signal::TERM);
    }

    /// Sends it any signal.
    pub(crate) fn send(&self, what: Signal) {
        signal(self.child.id(), what);
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        // Waiting closes its standard input, which would be telling it twice.
        let _lifeline = self.child.stdin.take();
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
