//! Releases of a stack on Docker Swarm, by the `docker` of a manager. A version
//! beside another is a service `STACK_SERVICE-VERSION` with the settings of the
//! first; in the end the service of the stack itself becomes the version that
//! stays. Mesh nodes are in all zones and on all nodes, so whatever is to be
//! asked is asked from inside one: from that of the manager, or, where it has
//! none, from a job in the same zones.

use std::collections::BTreeMap;

use ::release::Instance;
use ::release::tool::Tool;
use anyhow::{Context, ensure};
use serde_json::Value;

use super::remote::Platform;

mod create_args;
mod job;
mod task;

/// Marks a service that is beside one of the stack: `STACK/SERVICE`.
const BESIDE: &str = "sock-shop.beside";

/// Where mesh nodes are, in every zone.
const MESH: &str = "MESH=meshd:8080";

/// Swarm stack as a release target.
pub(super) struct Swarm {
    docker: Tool,
    stack: String,
}

impl Swarm {
    /// The shop in `stack`. In a `dry_run` it is not changed.
    pub(super) fn new(stack: String, dry_run: bool) -> Self {
        Self {
            docker: Tool::new("docker", "docker", dry_run),
            stack,
        }
    }

    /// What `service` is called in the stack.
    fn own(&self, service: &str) -> String {
        format!("{}_{service}", self.stack)
    }

    /// What a version beside it is called: names of services have no dots.
    fn beside(&self, service: &str, version: &str) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric();
        let version = version.replace(|letter| !plain(letter), "-");
        format!("{}_{service}-{version}", self.stack)
    }

    /// All that docker knows of `service`: first that of the stack, then those beside it.
    async fn services(&self, service: &str) -> anyhow::Result<Vec<Value>> {
        let label = format!("label={BESIDE}={}/{service}", self.stack);
        let words = ["service", "ls", "--quiet", "--filter", &label];
        let beside = self.docker.read(&words).await?;
        let own = self.own(service);
        let mut words = vec!["service", "inspect", &own];
        words.extend(beside.split_whitespace());
        self.inspect(&words).await
    }

    async fn inspect(&self, words: &[&str]) -> anyhow::Result<Vec<Value>> {
        let text = self.docker.read(words).await?;
        serde_json::from_str(&text).context("docker does not answer in JSON")
    }

    /// The names of the networks that `service` is in.
    async fn networks(&self, service: &Value) -> anyhow::Result<Vec<String>> {
        let mut words = vec!["network", "inspect", "--format", "{{.Name}}"];
        words.extend(create_args::networks(service));
        let names = self.docker.read(&words).await?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// The mesh node on the machine that `docker` speaks to.
    async fn mesh_node(&self) -> anyhow::Result<Option<String>> {
        let meshd = self.own("meshd");
        let label = format!("label=com.docker.swarm.service.name={meshd}");
        let words = ["ps", "--quiet", "--filter", &label];
        let words = [&words[..], &["--filter", "health=healthy"]].concat();
        let ids = self.docker.read(&words).await?;
        Ok(ids.lines().next().map(str::to_owned))
    }

    /// Like a mesh node, a job is in all zones.
    async fn job(&self, words: &[&str]) -> anyhow::Result<job::Job> {
        let meshd = self.own("meshd");
        let meshd = self.inspect(&["service", "inspect", &meshd]).await?;
        let meshd = meshd.first().context("there are no mesh nodes")?;
        let networks = self.networks(meshd).await?;
        job::Job::new(&self.stack, meshd, &networks, words)
    }

    /// What `/sockshop WORDS` prints, run in all zones.
    async fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        match self.mesh_node().await? {
            Some(node) => self.docker.read(&inside(&node, words)).await,
            None => self.job(words).await?.read(&self.docker).await,
        }
    }

    /// The service of the stack becomes `version`, and has all of its tasks.
    async fn hand_over(&self, service: &str, own: &Value, version: &str) -> anyhow::Result<()> {
        let image = create_args::image(own, version)?;
        let (version_of_it, name) = (format!("VERSION={version}"), self.own(service));
        let mut words = vec!["service", "update", "--quiet", create_args::trust(own)];
        words.extend(["--image", &image, "--env-add", &version_of_it, &name]);
        self.docker.act(&words).await
    }

    async fn remove(&self, name: &str) -> anyhow::Result<()> {
        self.docker.act(&["service", "rm", name]).await
    }
}

impl Platform for Swarm {
    const NAME: &'static str = "swarm";

    async fn ask(&self, _service: &str, instance: &str, words: &[&str]) -> anyhow::Result<String> {
        self.run(&aimed(instance, words)).await
    }

    async fn tell(&self, _service: &str, _instance: &str, words: &[&str]) -> anyhow::Result<()> {
        match self.mesh_node().await? {
            Some(node) => self.docker.act(&inside(&node, words)).await,
            None => self.job(words).await?.act(&self.docker).await,
        }
    }

    fn url(&self, service: &str) -> String {
        format!("http://{service}:8080")
    }

    async fn observe(&self, _service: &str, mut instances: Vec<Instance>) -> Vec<Instance> {
        let ready = instances.iter().filter(|one| one.ready);
        let ready: Vec<_> = ready.map(|one| one.name.as_str()).collect();
        if ready.is_empty() {
            return instances;
        }
        let words = ["ask", "--admin", "/metrics", "--each", &ready.join(",")];
        let said = self.run(&words).await.unwrap_or_default();
        let answers = serde_json::from_str::<BTreeMap<String, Option<String>>>(&said);
        let mut answers = answers.unwrap_or_default();
        for one in &mut instances {
            one.metrics = answers.remove(&one.name).flatten();
        }
        instances
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let services = self.services(service).await?;
        let mut words = vec!["service", "ps", "--quiet", "--no-trunc"];
        words.extend(services.iter().filter_map(|one| one["ID"].as_str()));
        let ids = self.docker.read(&words).await?;
        let mut words = vec!["inspect", "--type", "task"];
        words.extend(ids.lines());
        // One that was forgotten meanwhile is left out, and no failure.
        let text = self.docker.read_anyway(&words).await?;
        let tasks: Vec<_> = serde_json::from_str(&text).unwrap_or_default();
        Ok(task::instances(&tasks))
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        let services = self.services(service).await?;
        let (model, beside) = services
            .split_first()
            .context("docker forgot it meanwhile")?;
        if beside
            .iter()
            .any(|one| create_args::version(one) == version)
        {
            return Ok(());
        }
        ensure!(
            create_args::ports(model) == 0,
            "{service} holds a port of its nodes, which nothing beside it can: put a load balancer \
             before the nodes and type `docker service update --image {} {}`",
            create_args::image(model, version)?,
            self.own(service)
        );
        let networks = self.networks(model).await?;
        let (name, count) = (self.beside(service, version), count.to_string());
        let of_stack = format!("com.docker.stack.namespace={}", self.stack);
        let beside = format!("{BESIDE}={}/{service}", self.stack);
        let mut words = vec!["service", "create", "--detach", "--quiet"];
        words.extend(["--name", &name, "--label", &of_stack, "--label", &beside]);
        words.extend(["--replicas", &count]);
        let alike = create_args::words(model, &networks, version)?;
        words.extend(alike.iter().map(String::as_str));
        self.docker.act(&words).await
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        let services = self.services(service).await?;
        let (own, beside) = services.split_first().context("docker forgot it")?;
        let mut beside: Vec<_> = beside.iter().map(create_args::version).collect();
        if self.docker.is_dry() {
            beside.push(keep);
        }
        // A hand-over that was cut off has left the version that took over beside itself.
        let took_over = beside.contains(&keep);
        let hands_over = create_args::version(own) == version;
        if hands_over || (took_over && create_args::version(own) == keep) {
            self.hand_over(service, own, keep).await?;
            beside.retain(|one| [version, keep].contains(one));
        } else {
            beside.retain(|one| *one == version);
        }
        for version in beside {
            self.remove(&self.beside(service, version)).await?;
        }
        Ok(())
    }
}

/// The words after `docker` that run `/sockshop WORDS` inside a mesh node.
fn inside<'a>(node: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["exec", "--env", MESH, node, "/sockshop"], words].concat()
}

/// `ask` is run elsewhere than in the instance that is meant.
fn aimed<'a>(instance: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    match words {
        ["ask", ..] => [words, &["--bind", instance]].concat(),
        _ => words.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_node_asks_whoever_is_meant() {
        let words = aimed("10.77.1.6", &["ask", "/health"]);
        assert_eq!(
            inside("c1", &words).join(" "),
            "exec --env MESH=meshd:8080 c1 /sockshop ask /health --bind 10.77.1.6"
        );
        assert_eq!(aimed("10.77.1.6", &["mesh", "policy"]), ["mesh", "policy"]);
    }

    #[test]
    fn names_of_services_have_no_dots() {
        let swarm = Swarm::new("shop".to_owned(), true);
        assert_eq!(swarm.beside("orders", "0.1.0"), "shop_orders-0-1-0");
        assert_eq!(swarm.own("orders"), "shop_orders");
    }
}
