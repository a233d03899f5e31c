//! `sockshop status`: what runs, where, and what it costs.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::data_dir::DataDirArg;
use crate::probe;
use crate::process::{Memory, Process};
use crate::state::{Entry, Phase, State};
use crate::table::{self, mebibytes};

/// Which shop, and for whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The shop to look at.
    #[command(flatten)]
    which: DataDirArg,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Output of `sockshop status --json`.
#[derive(Serialize)]
struct Status {
    instances: Vec<Row>,
}

/// One instance as programs see it.
#[derive(Serialize)]
struct Row {
    service: &'static str,
    version: String,
    instance: String,
    pid: Option<u32>,
    address: String,
    port: u16,
    admin_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns_port: Option<u16>,
    state: Phase,
    /// What it says is wrong, such as "orders-db: cannot write: disk full".
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    restarts: u32,
    rss_bytes: Option<u64>,
    pss_bytes: Option<u64>,
}

/// Prints the state of the shop.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let (_, state) = State::running(&options.which)?;
    let own = state.supervisor.memory();
    let url = state.url.clone();
    let status = Status {
        instances: rows(state).await,
    };
    let text = if options.json {
        serde_json::to_string_pretty(&status)? + "\n"
    } else {
        show(&status, &url, own)
    };
    crate::print(&text)
}

/// All rows at once: a process that hangs must not hold the others up.
async fn rows(state: State) -> Vec<Row> {
    let mut tasks = JoinSet::new();
    for (index, entry) in state.instances.into_iter().enumerate() {
        tasks.spawn(async move { (index, row(entry).await) });
    }
    let mut rows = tasks.join_all().await;
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

async fn row(entry: Entry) -> Row {
    let (state, message) = observe(&entry).await;
    let memory = entry.process.map(Process::memory);
    let Memory { rss, pss } = memory.unwrap_or_default();
    Row {
        service: entry.service.name(),
        version: entry.version,
        instance: entry.instance,
        pid: entry.process.map(|process| process.pid),
        address: entry.address.to_string(),
        port: entry.port,
        admin_port: entry.admin_port,
        dns_port: entry.dns_port,
        state,
        message,
        restarts: entry.restarts,
        rss_bytes: rss,
        pss_bytes: pss,
    }
}

/// The supervisor knows births and deaths; what lies between, the process
/// itself and the system know best. The text is what is wrong, if anything is.
async fn observe(entry: &Entry) -> (Phase, Option<String>) {
    if entry.process.is_some_and(Process::is_paused) {
        return (Phase::Paused, None);
    }
    if entry.process.is_some_and(|process| !process.is_alive()) {
        return (Phase::Restarting, Some(DEAD.to_owned()));
    }
    let admin = SocketAddr::new(entry.address, entry.admin_port);
    let Ok(url) = format!("http://{admin}/readyz").parse() else {
        return (entry.state, None);
    };
    if entry.state != Phase::Serving {
        return (entry.state, None);
    }
    match probe::get(&url, PROBE_TIMEOUT).await {
        Ok(answer) if answer.body.trim() == "draining" => (Phase::Draining, None),
        Ok(answer) => (entry.state, trouble(answer.status, &answer.body)),
        Err(_) => (
            entry.state,
            Some("does not answer on its admin port".into()),
        ),
    }
}

/// An instance that does not say within this time how it is, is said not to answer.
/// Its own checks may take a second.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// What is said of an instance the supervisor has not yet noted as dead: it notes
/// deaths at once, unless it cannot write.
const DEAD: &str =
    "its process has ended; if this stays, the supervisor cannot write state.json: see its output";

/// What a readiness answer says is wrong: all of a refusal, and what follows "ok".
fn trouble(status: StatusCode, body: &str) -> Option<String> {
    let body = body.trim();
    let text = if status == StatusCode::OK {
        body.strip_prefix("ok").unwrap_or(body).trim()
    } else {
        body
    };
    let text = text.lines().collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then_some(text)
}

fn show(status: &Status, url: &str, supervisor: Memory) -> String {
    let head = [
        "SERVICE",
        "VERSION",
        "INSTANCE",
        " PID",
        "ADDRESS",
        " ADMIN",
        "STATE",
        " RESTARTS",
        " RSS",
        " PSS",
    ];
    let mut rows: Vec<Vec<String>> = status.instances.iter().map(Row::cells).collect();
    let mut own = vec!["supervisor".to_owned()];
    own.resize(head.len() - 2, String::new());
    own.extend([supervisor.rss, supervisor.pss].map(mebibytes));
    rows.push(own);
    let costs = status.instances.iter().map(|row| row.pss_bytes);
    let sum: Option<u64> = costs.chain([supervisor.pss]).flatten().reduce(|a, b| a + b);
    let messages: String = status.instances.iter().filter_map(Row::said).collect();
    format!(
        "{}\n{messages}{} in all\n{url}\n",
        table::render(&head, rows),
        mebibytes(sum)
    )
}

impl Row {
    /// Its message as a line.
    fn said(&self) -> Option<String> {
        let message = self.message.as_ref()?;
        Some(format!("{}: {message}\n", self.instance))
    }

    fn cells(&self) -> Vec<String> {
        let pid = self
            .pid
            .map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        vec![
            self.service.to_owned(),
            self.version.clone(),
            self.instance.clone(),
            pid,
            format!("{}:{}", self.address, self.port),
            self.admin_port.to_string(),
            self.state.name().to_owned(),
            self.restarts.to_string(),
            mebibytes(self.rss_bytes),
            mebibytes(self.pss_bytes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_what_readiness_says_but_ok() {
        let said = |status, body| trouble(status, body);
        assert_eq!(said(StatusCode::OK, "ok\n"), None);
        let away = said(StatusCode::OK, "ok\nsession-db: the connection is lost\n");
        assert_eq!(away.as_deref(), Some("session-db: the connection is lost"));
        let full = said(
            StatusCode::SERVICE_UNAVAILABLE,
            "orders-db: cannot write: disk full\n",
        );
        assert_eq!(full.as_deref(), Some("orders-db: cannot write: disk full"));
    }
}
