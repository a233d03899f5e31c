//! Releases on ECS, by `aws`. The names and tags are those of `ecs/README.md`: a
//! version beside another is a stack `SHOP-SERVICE-VERSION` of the same template,
//! and in the end the stack of the service itself becomes the version that stays.
//! Requests are shared out by the policy of the mesh, exactly; without a mesh, or
//! with stores that have one process, the release says so and does not begin.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::release::tool::Tool;
use ::release::{Instance, Strategy};
use anyhow::{Context, bail, ensure};
use futures_util::future::join;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::remote::Platform;
use stacks::Stack;
use tasks::{crashes, instance};

mod exec;
mod log;
mod stacks;
mod tasks;

/// A stack is there when its tasks have been healthy for a while.
const UNTIL_STEADY: Duration = Duration::from_secs(40 * 60);

/// A cluster. An instance is called by its private address.
pub(super) struct Ecs {
    aws: Tool,
    slow: Tool,
    shop: String,
    templates: PathBuf,
    /// Where words are run.
    network: OnceCell<Value>,
}

impl Ecs {
    /// The shop called `shop`, made from `templates`. In a `dry_run` it is not changed.
    pub(super) fn new(shop: String, templates: &Path, dry_run: bool) -> Self {
        let aws = Tool::new("aws", "aws", dry_run);
        Self {
            slow: aws.clone().patient(UNTIL_STEADY),
            aws,
            shop,
            templates: templates.to_owned(),
            network: OnceCell::new(),
        }
    }

    fn template(&self, name: &str) -> String {
        self.templates.join(name).display().to_string()
    }

    async fn read(&self, words: &[&str]) -> anyhow::Result<Value> {
        let words = [words, &["--output", "json"]].concat();
        let text = self.aws.read(&words).await?;
        serde_json::from_str(&text).context("aws does not answer in JSON")
    }

    /// The stack of the service itself.
    async fn own(&self, service: &str) -> anyhow::Result<Stack> {
        let name = format!("{}-{service}", self.shop);
        let words = ["cloudformation", "describe-stacks", "--stack-name", &name];
        let found = self.read(&words).await?;
        let stack = Stack::read(&found["Stacks"][0]);
        stack.with_context(|| format!("{name} is no stack of ecs/deploy"))
    }

    /// The stacks beside that of the service.
    async fn beside(&self, service: &str) -> anyhow::Result<Vec<Stack>> {
        let found = self.read(&["cloudformation", "describe-stacks"]).await?;
        let stacks = all(&found["Stacks"]).filter_map(Stack::read);
        let ours = |one: &Stack| one.get("Shop") == self.shop && one.get("Service") == service;
        Ok(stacks.filter(|one| ours(one) && one.is_beside()).collect())
    }

    /// Makes a stack, or brings it up to date: returns when its tasks are healthy.
    async fn deploy(&self, stack: &str, parameters: &[String]) -> anyhow::Result<()> {
        let template = self.template("service.yaml");
        let words = stacks::deploy(&self.shop, stack, &template, parameters);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        self.slow.act(&words).await
    }

    /// The service itself becomes the version beside it.
    async fn hand_over(&self, service: &str, new: &str) -> anyhow::Result<()> {
        let name = format!("{}-{service}", self.shop);
        self.deploy(&name, &[format!("Version={new}")]).await
    }

    async fn delete(&self, stack: &str) -> anyhow::Result<()> {
        let name = ["--stack-name", stack];
        for verb in [
            &["delete-stack"][..],
            &["wait", "stack-delete-complete"][..],
        ] {
            let words = [&["cloudformation"], verb, &name].concat();
            self.slow.act(&words).await?;
        }
        Ok(())
    }

    /// These instances' metrics, by address, in one task.
    async fn metrics(&self, service: &str, of: &[Instance]) -> anyhow::Result<Answers> {
        let addresses: Vec<_> = of.iter().map(|one| &*one.name).collect();
        let addresses = addresses.join(",");
        let words = ["ask", "/metrics", "--admin", "--each", &addresses];
        let answer = match self.answer(service, &words).await {
            Ok(answer) => answer,
            // Without them a window would count what was long before it.
            Err(_) => self.answer(service, &words).await?,
        };
        serde_json::from_str(&answer.concat()).context("the metrics are no JSON object")
    }
}

/// Responses by address; none where a task did not answer.
type Answers = BTreeMap<String, Option<String>>;

impl Platform for Ecs {
    const NAME: &'static str = "ecs";

    async fn preflight(&self, service: &str, to: &str, how: Strategy) -> anyhow::Result<()> {
        if service == "front-end" {
            let template = self.template("front-end.yaml");
            let native = stacks::native(&self.shop, &template, to, how);
            let native: Vec<_> = native.iter().map(String::as_str).collect();
            bail!(
                "visitors come to the front-end by the load balancer, whose weights ECS moves and \
                 whose alarms bring it back: type `{}`",
                self.aws.shown(&native)
            );
        }
        let template = self.template("service.yaml");
        ensure!(
            Path::new(&template).is_file(),
            "{template} is missing: say with --templates where the templates are"
        );
        self.own(service).await?.preflight(service)
    }

    /// Beside the instance: what it is asked, it is asked by its address.
    async fn ask(&self, service: &str, instance: &str, words: &[&str]) -> anyhow::Result<String> {
        let to = match words {
            ["ask", ..] => &["--bind", instance][..],
            _ => &[],
        };
        let lines = self.answer(service, &[words, to].concat()).await?;
        Ok(lines.join("\n"))
    }

    async fn tell(&self, service: &str, _instance: &str, words: &[&str]) -> anyhow::Result<()> {
        if self.aws.is_dry() {
            return self.dry_run_of(service, words).await;
        }
        self.run(service, words).await.map(drop)
    }

    fn url(&self, service: &str) -> String {
        format!("http://{service}.{}.internal:8080", self.shop)
    }

    /// One version alone is compared with nothing, so nobody asks for its metrics.
    async fn observe(&self, service: &str, mut instances: Vec<Instance>) -> Vec<Instance> {
        let versions: BTreeSet<_> = instances.iter().map(|one| one.version.clone()).collect();
        if versions.len() < 2 {
            return instances;
        }
        let (metrics, stopped) = (self.metrics(service, &instances), self.tasks("STOPPED"));
        let (metrics, stopped) = join(metrics, stopped).await;
        let (mut metrics, stopped) = (metrics.unwrap_or_default(), stopped.unwrap_or_default());
        for one in &mut instances {
            one.metrics = metrics.remove(&one.name).flatten();
        }
        for version in versions {
            let mut seen = instances.iter_mut().filter(|one| one.metrics.is_some());
            if let Some(one) = seen.find(|one| one.version == version) {
                one.restarts = crashes(&stopped, service, &version);
            }
        }
        instances
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let tasks = self.tasks("RUNNING").await?.into_iter();
        let mut instances: Vec<_> = tasks.filter_map(|task| instance(&task, service)).collect();
        instances.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(instances)
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        let own = self.own(service).await?;
        let parameters = own.beside(version, count);
        let name = stacks::beside(&self.shop, service, version);
        let beside = self.beside(service).await?;
        ensure!(
            !beside
                .iter()
                .any(|one| one.version() == version && one.is_lost()),
            "{version} did not come up: `aws cloudformation describe-stack-events --stack-name {name}` says why"
        );
        self.deploy(&name, &parameters).await
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        let (own, beside) = (self.own(service).await?, self.beside(service).await?);
        let mut over: Vec<_> = beside.iter().map(Stack::version).collect();
        if self.aws.is_dry() {
            over.push(keep);
        }
        // A hand-over that was cut off has left the version that took over beside itself.
        let took_over = over.contains(&keep);
        let hands_over = own.version() == version;
        if hands_over || (took_over && own.version() == keep) {
            self.hand_over(service, keep).await?;
            over.retain(|one| [version, keep].contains(one));
        } else {
            over.retain(|one| *one == version);
        }
        for version in over {
            self.delete(&stacks::beside(&self.shop, service, version))
                .await?;
        }
        Ok(())
    }
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
