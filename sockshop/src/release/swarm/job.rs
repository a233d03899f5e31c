//! A job in the zones of the mesh nodes: what is run where no container can be
//! entered, because `docker` speaks to a manager without any.

use std::time::Duration;

use ::release::tool::Tool;
use anyhow::{Context, bail};
use chassis::clock;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{MESH, create_args};

/// Time limit for a job, most of which is its start.
const JOB_TIMEOUT: Duration = Duration::from_secs(60);

/// Interval between two polls of a job.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// One-off Swarm service that runs a command.
pub(super) struct Job {
    name: String,
    create: Vec<String>,
}

impl Job {
    /// One that runs `/sockshop WORDS` with what the mesh node `meshd` has.
    pub(super) fn new(
        stack: &str,
        meshd: &Value,
        networks: &[String],
        words: &[&str],
    ) -> anyhow::Result<Self> {
        let name = format!("{stack}_ask-{}", clock::now_ms());
        let create = create(&name, meshd, networks, words)?;
        Ok(Self { name, create })
    }

    /// Runs it, and returns what it prints.
    pub(super) async fn read(&self, docker: &Tool) -> anyhow::Result<String> {
        let create: Vec<_> = self.create.iter().map(String::as_str).collect();
        docker.read(&create).await?;
        let said = self.said(docker).await;
        docker.read(&["service", "rm", &self.name]).await?;
        // Swarm forgets the job but not its container; on another node nobody can be told.
        let label = format!("label=com.docker.swarm.service.name={}", self.name);
        let prune = ["container", "prune", "--force", "--filter", &label];
        docker.read(&prune).await?;
        said
    }

    /// Runs it, or shows it in a dry run.
    pub(super) async fn act(&self, docker: &Tool) -> anyhow::Result<()> {
        if !docker.is_dry() {
            return self.read(docker).await.map(drop);
        }
        let create: Vec<_> = self.create.iter().map(String::as_str).collect();
        docker.act(&create).await?;
        docker
            .act(&["service", "logs", "--raw", &self.name])
            .await?;
        docker.act(&["service", "rm", &self.name]).await
    }

    async fn said(&self, docker: &Tool) -> anyhow::Result<String> {
        let state = [
            "service",
            "ps",
            "--no-trunc",
            "--format",
            "{{.CurrentState}} {{.Error}}",
        ];
        let state = [&state[..], &[&self.name]].concat();
        let begun = Instant::now();
        loop {
            let state = docker.read(&state).await?;
            match state.split_whitespace().next() {
                Some("Complete") => break,
                Some("Failed" | "Rejected") => bail!("a job failed: {}", state.trim()),
                _ if begun.elapsed() > JOB_TIMEOUT => {
                    bail!("a job takes too long: {}", state.trim())
                }
                _ => sleep(POLL_INTERVAL).await,
            }
        }
        let logs = ["service", "logs", "--raw", &self.name];
        docker.read(&logs).await.context("a job has no logs")
    }
}

/// The words after `docker` that begin a job.
fn create(
    name: &str,
    meshd: &Value,
    networks: &[String],
    words: &[&str],
) -> anyhow::Result<Vec<String>> {
    let container = &meshd["Spec"]["TaskTemplate"]["ContainerSpec"];
    let image = container["Image"].as_str().context("it has no image")?;
    let begin = "service create --detach --quiet --mode replicated-job --restart-condition none \
                 --no-healthcheck --read-only --cap-drop ALL --entrypoint /sockshop";
    let mut all: Vec<_> = begin.split_whitespace().map(str::to_owned).collect();
    let mut add = |flag: &str, value: &str| all.extend([flag.to_owned(), value.to_owned()]);
    add("--name", name);
    for network in networks {
        add("--network", network);
    }
    for secret in create_args::secrets(container) {
        add("--secret", &secret);
    }
    add("--env", MESH);
    for setting in create_args::texts(&container["Env"]) {
        add("--env", setting);
    }
    all.push(create_args::trust(meshd).to_owned());
    all.push(image.to_owned());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_has_the_zones_and_the_key_of_a_mesh_node() {
        let meshd = json!({ "Spec": { "TaskTemplate": { "ContainerSpec": {
            "Image": "sockshop/meshd:0.1.0",
            "Env": ["MESH_KEY_FILE=/run/secrets/mesh-key"],
            "Secrets": [{ "File": { "Name": "mesh-key" }, "SecretName": "shop-mesh-key" }],
        } } } });
        let networks = ["shop_external".to_owned(), "shop_secure".to_owned()];
        let words = create("shop_ask-1", &meshd, &networks, &["mesh", "policy"]).unwrap();
        assert_eq!(
            words.join(" "),
            "service create --detach --quiet --mode replicated-job --restart-condition none \
             --no-healthcheck --read-only --cap-drop ALL --entrypoint /sockshop --name shop_ask-1 \
             --network shop_external --network shop_secure \
             --secret source=shop-mesh-key,target=mesh-key --env MESH=meshd:8080 \
             --env MESH_KEY_FILE=/run/secrets/mesh-key --no-resolve-image sockshop/meshd:0.1.0 \
             mesh policy"
        );
    }
}
