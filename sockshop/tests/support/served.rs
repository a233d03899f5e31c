//! One service started by itself, as `sockshop serve` does, with settings a
//! whole shop does not have.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::sockshop;

/// A service that runs. It ends when this is dropped, and keeps nothing.
pub(crate) struct Served {
    child: Child,
    /// Where it serves REST and gRPC.
    pub(crate) url: String,
}

impl Served {
    /// Starts `service` with these settings, and returns once it serves.
    pub(crate) fn start(service: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = sockshop()
            .args(["serve", service])
            .envs([("PORT", "0"), ("ADMIN_PORT", "0"), ("RUST_LOG", "info")])
            .envs([
                ("DATABASE_URL", "sqlite::memory:"),
                ("END_WITH_STDIN", "true"),
            ])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = log.by_ref().find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
            let serving = line["message"] == "serving";
            serving.then(|| line["address"].as_str().unwrap().to_owned())
        });
        std::thread::spawn(move || log.for_each(drop));
        let address = address.unwrap_or_else(|| panic!("{service} does not serve"));
        Self {
            child,
            url: format!("http://{address}"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
