//! Releases of the shop on this machine: the supervisor starts and ends
//! versions, the mesh shares the requests out.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use ::release::tool::Tool;
use ::release::{Instance, Shares, Target};
use anyhow::{Context, ensure};
use loadtest::audit::recent::Recent;

use crate::data_dir::{DATA, DataDirArg};
use crate::scale::RELEASED;
use crate::state::{Entry, Phase, State};
use crate::{audit, mesh, probe};

use super::first_question;

/// Time limit for an instance to answer on its admin port.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// The shop that runs here.
pub(crate) struct Local {
    which: DataDirArg,
    /// Ourselves: the shop's commands are what a person would use.
    sockshop: Tool,
    orders: RefCell<Option<Recent>>,
}

impl Local {
    /// The shop of `which`. In a `dry_run` it is not changed.
    pub(crate) fn new(which: &DataDirArg, dry_run: bool) -> anyhow::Result<Self> {
        let (folder, _) = State::running(which)?;
        let program = std::env::current_exe()?.display().to_string();
        let sockshop = Tool::new(program, "sockshop", dry_run);
        Ok(Self {
            which: which.clone(),
            // A path need not be text, which the words of a tool are.
            sockshop: sockshop.with(DATA, folder.path()),
            orders: RefCell::new(None),
        })
    }

    /// Runs one of the shop's commands for a release of `service`.
    async fn act(&self, service: &str, words: &[&str]) -> anyhow::Result<()> {
        let sockshop = self.sockshop.clone().with(RELEASED, service);
        if !sockshop.is_dry() {
            return sockshop.act(words).await;
        }
        let data = self.which.data.display().to_string();
        sockshop
            .act(&[words, &[&format!("--data={data}")]].concat())
            .await
    }

    fn entries(&self, service: &str) -> anyhow::Result<Vec<Entry>> {
        let (_, mut state) = State::running(&self.which)?;
        state.instances.retain(|one| one.service.name() == service);
        Ok(state.instances)
    }
}

impl Target for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let entries = self.entries(service)?.into_iter();
        let instances = entries
            .filter(|one| one.state != Phase::Stopped)
            .map(observe);
        Ok(futures_util::future::join_all(instances).await)
    }

    async fn shares(&self, service: &str) -> anyhow::Result<Shares> {
        let weights = mesh::weights(&self.which, service).await?;
        Ok(::release::target::percent(&weights))
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        let wanted = format!("{service}@{version}={count}");
        self.act(service, &["scale", &wanted, "--no-wait"]).await
    }

    async fn smoke(&self, service: &str, version: &str) -> anyhow::Result<()> {
        let entries = self.entries(service)?;
        let new = entries.iter().filter(|one| one.version == version);
        for entry in new {
            let address = SocketAddr::new(entry.address, entry.port);
            let url = format!("http://{address}{}", first_question(service));
            let answer = probe::get(&url.parse()?, REQUEST_TIMEOUT).await?;
            ensure!(
                answer.status.is_success(),
                "{url} answers {}",
                answer.status
            );
        }
        Ok(())
    }

    async fn share(&self, service: &str, shares: &Shares) -> anyhow::Result<()> {
        let weights: Vec<_> = shares
            .iter()
            .map(|(version, percent)| format!("{version}={percent}"))
            .collect();
        let mut words = vec!["mesh", "policy", service];
        words.extend(weights.iter().map(String::as_str));
        if weights.is_empty() {
            words.push("--clear");
        }
        self.act(service, &words).await
    }

    async fn stop(&self, service: &str, version: &str, _keep: &str) -> anyhow::Result<()> {
        let none = format!("{service}@{version}=0");
        self.act(service, &["scale", &none]).await
    }

    async fn wrong_orders(&self, since_ms: i64) -> anyhow::Result<Vec<String>> {
        let kept = self.orders.borrow_mut().take();
        let mut recent = match kept {
            Some(recent) => recent,
            None => Recent::new(audit::services(&self.which)?, since_ms),
        };
        let looked = recent
            .look()
            .await
            .context("the orders cannot be looked at");
        let wrong = recent.wrong().iter();
        let wrong = wrong.map(|fault| format!("order {}: {}", fault.order_id, fault.facts));
        let wrong = wrong.collect();
        *self.orders.borrow_mut() = Some(recent);
        looked.map(|()| wrong)
    }
}

async fn observe(entry: Entry) -> Instance {
    let admin = SocketAddr::new(entry.address, entry.admin_port);
    let metrics = async {
        let url = format!("http://{admin}/metrics").parse()?;
        anyhow::Ok(probe::get(&url, REQUEST_TIMEOUT).await?.body)
    };
    Instance {
        metrics: metrics.await.ok(),
        ready: entry.state == Phase::Serving,
        restarts: entry.restarts.into(),
        version: entry.version,
        name: entry.instance,
    }
}
