//! Releases on ECS, by `aws`. The names and tags are those of `ecs/README.md`: a
//! version beside another is a stack `SHOP-SERVICE-VERSION` of the same template,
//! and in the end the stack of the service itself becomes the version that stays.
//! Requests are shared out by the policy of the mesh, exactly; without a mesh, or
//! with stores that have one process, the release says so and does not begin.

use std::cell::RefCell;
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

mod stacks;
mod words;

/// A stack is there when its tasks have been healthy for a while.
const UNTIL_STEADY: Duration = Duration::from_secs(40 * 60);

/// ECS describes so many tasks at once.
const AT_ONCE: usize = 100;

/// A cluster. An instance is called by its private address.
pub(super) struct Ecs {
    aws: Tool,
    slow: Tool,
    dry_run: bool,
    shop: String,
    templates: PathBuf,
    /// Where words are run.
    network: OnceCell<Value>,
    /// What was started here: a dry run has nothing else to know it by.
    started: RefCell<Option<String>>,
}

impl Ecs {
    /// The shop called `shop`, made from `templates`. In a `dry_run` it is not changed.
    pub(super) fn new(shop: String, templates: &Path, dry_run: bool) -> Self {
        let aws = Tool::new("aws", "aws", dry_run);
        Self {
            slow: aws.clone().patient(UNTIL_STEADY),
            aws,
            dry_run,
            shop,
            templates: templates.to_owned(),
            network: OnceCell::new(),
            started: RefCell::new(None),
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

    /// The tasks of the cluster that shall be `RUNNING`, or have `STOPPED` in the last hour.
    async fn tasks(&self, status: &str) -> anyhow::Result<Vec<Value>> {
        let cluster = ["--cluster", &*self.shop];
        let list = ["ecs", "list-tasks", "--desired-status", status];
        let listed = self.read(&[&list[..], &cluster].concat()).await?;
        let names: Vec<_> = all(&listed["taskArns"]).filter_map(Value::as_str).collect();
        let describe = ["ecs", "describe-tasks", "--include", "TAGS"];
        let mut tasks = Vec::new();
        for names in names.chunks(AT_ONCE) {
            let words = [&describe[..], &cluster, &["--tasks"], names].concat();
            tasks.extend(all(&self.read(&words).await?["tasks"]).cloned());
        }
        Ok(tasks)
    }

    /// The stack of the service itself.
    async fn own(&self, service: &str) -> anyhow::Result<Stack> {
        let name = format!("{}-{service}", self.shop);
        let words = ["cloudformation", "describe-stacks", "--stack-name", &name];
        let found = self.read(&words).await?;
        let stack = Stack::read(&found["Stacks"][0]);
        stack.with_context(|| format!("{name} is no stack of ecs/deploy"))
    }

    /// The versions that have a stack beside that of the service.
    async fn beside(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let found = self.read(&["cloudformation", "describe-stacks"]).await?;
        let stacks = all(&found["Stacks"]).filter_map(Stack::read);
        let ours = |one: &Stack| one.get("Shop") == self.shop && one.get("Service") == service;
        let beside = stacks.filter(|one| ours(one) && one.get("Beside") == "yes");
        Ok(beside.map(|one| one.get("Version").to_owned()).collect())
    }

    /// Makes a stack, or brings it up to date: returns when its tasks are healthy.
    async fn deploy(&self, stack: &str, parameters: &[String]) -> anyhow::Result<()> {
        let template = self.template("service.yaml");
        let words = stacks::deploy(&self.shop, stack, &template, parameters);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        self.slow.act(&words).await
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
        let answer = self.answer(service, &words).await?;
        serde_json::from_str(&answer.concat()).context("the metrics are no JSON object")
    }
}

/// Answers by address.
type Answers = BTreeMap<String, Option<String>>;

impl Platform for Ecs {
    const NAME: &'static str = "ecs";

    async fn admits(&self, service: &str, to: &str, how: Strategy) -> anyhow::Result<()> {
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
        self.own(service).await?.admits(service)
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
        if self.dry_run {
            return self.rehearse(service, words).await;
        }
        self.run(service, words).await.map(drop)
    }

    fn url(&self, service: &str) -> String {
        format!("http://{service}.{}.internal:8080", self.shop)
    }

    /// One version alone is compared with nothing, so nobody asks for its metrics.
    async fn observe(&self, service: &str, mut instances: Vec<Instance>) -> Vec<Instance> {
        let ready = instances.iter().filter(|one| one.ready);
        let versions: BTreeSet<_> = ready.map(|one| one.version.clone()).collect();
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
            let first = instances.iter_mut().find(|one| one.version == version);
            if let Some(one) = first {
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
        self.started.replace(Some(version.to_owned()));
        let parameters = own.beside(version, count);
        let name = stacks::beside(&self.shop, service, version);
        self.deploy(&name, &parameters).await
    }

    async fn stop(&self, service: &str, version: &str) -> anyhow::Result<()> {
        let (own, mut beside) = (self.own(service).await?, self.beside(service).await?);
        beside.extend(self.started.borrow().clone().filter(|_| self.dry_run));
        let mut stays = own.get("Version").to_owned();
        if stays == version {
            let new = beside.iter().find(|one| *one != version);
            stays.clone_from(
                new.with_context(|| format!("nothing is there to take over from {version}"))?,
            );
            let name = format!("{}-{service}", self.shop);
            self.deploy(&name, &[format!("Version={stays}")]).await?;
        }
        let over = |one: &&String| [version, &*stays].contains(&one.as_str());
        for one in beside.iter().filter(over) {
            let name = stacks::beside(&self.shop, service, one);
            self.delete(&name).await?;
        }
        Ok(())
    }
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn tag<'a>(task: &'a Value, key: &str) -> Option<&'a str> {
    let tag = all(&task["tags"]).find(|tag| tag["key"] == key);
    tag?["value"].as_str()
}

/// Whether a service of ECS keeps this task, for `service`. Others only run words.
fn is_of(task: &Value, service: &str) -> bool {
    let group = task["group"].as_str().unwrap_or_default();
    group.starts_with("service:") && tag(task, "sock-shop:service") == Some(service)
}

/// What a task is as an instance of `service`; nothing before it has an address.
fn instance(task: &Value, service: &str) -> Option<Instance> {
    let mut details = all(&task["attachments"]).flat_map(|one| all(&one["details"]));
    let address = details.find(|one| one["name"] == "privateIPv4Address")?;
    is_of(task, service).then_some(Instance {
        name: address["value"].as_str()?.to_owned(),
        version: tag(task, "sock-shop:version")?.to_owned(),
        ready: task["lastStatus"] == "RUNNING" && task["healthStatus"] == "HEALTHY",
        restarts: 0,
        metrics: None,
    })
}

/// How many of these tasks ended by themselves: ECS starts another, and never the same again.
fn crashes(stopped: &[Value], service: &str, version: &str) -> u64 {
    let crashed = stopped.iter().filter(|task| {
        is_of(task, service)
            && tag(task, "sock-shop:version") == Some(version)
            && task["stopCode"] == "EssentialContainerExited"
    });
    crashed.map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task() -> Value {
        json!({
            "group": "service:catalogue-v2",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "tags": [
                { "key": "sock-shop:service", "value": "catalogue" },
                { "key": "sock-shop:version", "value": "v2" },
            ],
            "attachments": [{ "details": [{ "name": "privateIPv4Address", "value": "10.77.16.5" }] }],
        })
    }

    #[test]
    fn tasks_are_instances_unless_they_only_run_words() {
        let mut one = task();
        let seen = instance(&one, "catalogue").unwrap();
        assert_eq!(
            (&*seen.name, &*seen.version, seen.ready),
            ("10.77.16.5", "v2", true)
        );
        assert_eq!(instance(&one, "carts"), None);
        one["healthStatus"] = "UNKNOWN".into();
        assert!(!instance(&one, "catalogue").unwrap().ready);
        one["group"] = "family:sock-shop-catalogue".into();
        assert_eq!(instance(&one, "catalogue"), None);
        one = task();
        one["attachments"] = json!([]);
        assert_eq!(instance(&one, "catalogue"), None, "it has no address yet");
    }

    #[test]
    fn a_task_that_ended_by_itself_is_a_crash_and_one_that_was_ended_is_none() {
        let (mut crashed, mut ended) = (task(), task());
        crashed["stopCode"] = "EssentialContainerExited".into();
        ended["stopCode"] = "ServiceSchedulerInitiated".into();
        let stopped = [crashed, ended];
        assert_eq!(crashes(&stopped, "catalogue", "v2"), 1);
        assert_eq!(crashes(&stopped, "catalogue", "0.1.0"), 0);
    }
}
