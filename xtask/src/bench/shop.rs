//! A shop to be measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::Value;

use crate::{servers, sh};

/// A running shop in a folder of its own, closed when this is dropped.
pub(super) struct Shop {
    sockshop: PathBuf,
    data: PathBuf,
    core: Option<&'static str>,
}

impl Shop {
    /// Opens a shop on what is in the folder `data`, on one core if it is named.
    pub(super) fn open(
        sockshop: &Path,
        data: &Path,
        core: Option<&'static str>,
    ) -> anyhow::Result<Self> {
        let shop = Self {
            sockshop: sockshop.to_owned(),
            data: data.to_owned(),
            core,
        };
        shop.up()?;
        Ok(shop)
    }

    /// Where it keeps what it has.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    fn up(&self) -> anyhow::Result<()> {
        let port = servers::free_port()?.to_string();
        let mut up = match self.core {
            Some(core) => super::on(core, &self.sockshop),
            None => Command::new(&self.sockshop),
        };
        up.args(["up", "--detach", "--port", &port]).arg("--data");
        sh::run(up.arg(&self.data).stdout(Stdio::null()))
    }

    /// Closes it while `work` is done on what it keeps.
    pub(super) fn closed(&self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut down = Command::new(&self.sockshop);
        down.args(["down", "--data"]).arg(&self.data);
        sh::run(down.stdout(Stdio::null()))?;
        work()?;
        self.up()
    }

    /// What `sockshop status` says of each of its processes.
    pub(super) fn instances(&self) -> anyhow::Result<Vec<Value>> {
        let mut status = Command::new(&self.sockshop);
        status.args(["status", "--json", "--data"]).arg(&self.data);
        let status: Value = serde_json::from_str(&sh::read(&mut status)?)?;
        let instances = status["instances"].as_array();
        Ok(instances.context("no instances")?.clone())
    }

    /// Where the first instance of `service` is.
    pub(super) fn url(&self, service: &str) -> anyhow::Result<String> {
        let all = self.instances()?;
        let found = all.iter().find(|one| one["service"] == service);
        let found = found.with_context(|| format!("there is no {service}"))?;
        let address = found["address"].as_str().context("no address")?;
        Ok(format!("http://{address}:{}", found["port"]))
    }

    /// Runs `sockshop load` against it, from the other core; returns its summary.
    pub(super) fn load(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut load = super::on(super::CLIENTS, &self.sockshop);
        load.args(["load", "--json"]).args(arguments);
        let summary = sh::read(load.arg("--data").arg(&self.data))?;
        Ok(serde_json::from_str(&summary)?)
    }

    /// The processor time all its processes have had so far, in milliseconds.
    pub(super) fn processor_ms(&self) -> anyhow::Result<f64> {
        let mut sum = 0.0;
        for instance in self.instances()? {
            sum += processor_ms(&instance["pid"].to_string())?;
        }
        Ok(sum)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let mut down = Command::new(&self.sockshop);
        down.args(["down", "--data"]).arg(&self.data);
        _ = down.stdout(Stdio::null()).status();
    }
}

/// The processor time of a process: what the scheduler says of each thread.
fn processor_ms(pid: &str) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    let threads = Path::new("/proc").join(pid).join("task");
    for thread in std::fs::read_dir(&threads).with_context(|| format!("no process {pid}"))? {
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else {
            continue; // it has just ended
        };
        let nanoseconds = text.split_whitespace().next().unwrap_or_default();
        sum += nanoseconds.parse::<f64>()? / 1e6;
    }
    Ok(sum)
}

/// The requests called `name` in a summary.
pub(super) fn step<'a>(summary: &'a Value, name: &str) -> anyhow::Result<&'a Value> {
    let steps = summary["steps"].as_array().context("no steps")?;
    let found = steps.iter().find(|step| step["name"] == name);
    found.with_context(|| format!("nobody asked for {name}"))
}

/// A number of a summary.
pub(super) fn number(value: &Value) -> anyhow::Result<f64> {
    value
        .as_f64()
        .with_context(|| format!("{value} is no number"))
}
