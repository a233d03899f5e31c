//! Releases of a Compose project, by `docker`. A version beside another is a
//! container like the one that runs, from the image of the version: same
//! networks, volumes, settings, limits and marks of Compose, which takes it for
//! one more of the service: `ps` shows it, `up` leaves it, `down` takes it away.
//! It announces itself to the mesh under the same name, and the policy of the
//! mesh shares the requests out.

use ::release::tool::Tool;
use ::release::{Instance, Strategy};
use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::remote::{Platform, tagged};

/// How Compose marks what is its own.
const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";

/// The number of a container among those of its service.
const NUMBER: &str = "com.docker.compose.container-number";

/// Environment variables that differ between the containers of a service.
const PER_CONTAINER_ENV: [&str; 4] = ["VERSION", "INSTANCE", "HOSTNAME", "PATH"];

/// Compose project as a release target.
pub(super) struct Compose {
    docker: Tool,
    project: String,
}

impl Compose {
    /// The shop in `project`. In a `dry_run` it is not changed.
    pub(super) fn new(project: String, dry_run: bool) -> Self {
        Self {
            docker: Tool::new("docker", "docker", dry_run),
            project,
        }
    }

    /// The containers of `service` that run or may run again, all that docker knows of them.
    async fn containers(&self, service: &str) -> anyhow::Result<Vec<Value>> {
        let project = format!("label={PROJECT}={}", self.project);
        let of_it = format!("label={SERVICE}={service}");
        let words = ["ps", "--all", "--quiet", "--filter", &project];
        let words = [&words[..], &["--filter", &of_it]].concat();
        let ids = self.docker.read(&words).await?;
        let ids: Vec<_> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let words = [&["inspect"][..], &ids].concat();
        // One that ended meanwhile is left out, and no failure.
        let text = self.docker.read_anyway(&words).await?;
        serde_json::from_str(&text).context("docker inspect does not answer in JSON")
    }
}

impl Platform for Compose {
    const NAME: &'static str = "compose";

    async fn preflight(&self, service: &str, to: &str, _how: Strategy) -> anyhow::Result<()> {
        ensure!(
            service != "front-end",
            "visitors come to the front-end past the mesh, so nothing weighs its versions: give it the image \
             with the tag {to} in a file of yours, and type `docker compose up --detach front-end`"
        );
        Ok(())
    }

    async fn ask(&self, _service: &str, instance: &str, words: &[&str]) -> anyhow::Result<String> {
        self.docker.read(&inside(instance, words)).await
    }

    async fn tell(&self, _service: &str, instance: &str, words: &[&str]) -> anyhow::Result<()> {
        self.docker.act(&inside(instance, words)).await
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let containers = self.containers(service).await?;
        let running = containers.iter().filter(|one| runs(one));
        Ok(running.map(instance).collect())
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        let mut containers = self.containers(service).await?;
        // What a command left when it was cut off between making a container and starting it.
        for half in containers.extract_if(.., |one| !runs(one) && instance(one).version == version)
        {
            self.docker
                .act(&["rm", "--force", &instance(&half).name])
                .await?;
        }
        let model = containers.iter().find(|one| runs(one));
        let model = model.with_context(|| format!("nothing runs of {service}"))?;
        let there = containers
            .iter()
            .filter(|one| instance(one).version == version);
        let missing = count.saturating_sub(there.count());
        let taken = containers
            .iter()
            .filter_map(number)
            .max()
            .unwrap_or_default();
        for number in (taken + 1..).take(missing) {
            let name = format!("{}-{service}-{version}-{number}", self.project);
            let mut words = vec!["create".to_owned(), "--name".to_owned(), name.clone()];
            words.extend(["--label".to_owned(), format!("{NUMBER}={number}")]);
            words.extend(alike(model, version)?);
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            self.docker.act(&words).await?;
            for (network, aliases) in networks(model).skip(1) {
                let aliases = aliases.iter().flat_map(|alias| ["--alias", *alias]);
                let mut words: Vec<_> = ["network", "connect"].into_iter().chain(aliases).collect();
                words.extend([network, &*name]);
                self.docker.act(&words).await?;
            }
            self.docker.act(&["start", &name]).await?;
        }
        Ok(())
    }

    async fn stop(&self, service: &str, version: &str, _keep: &str) -> anyhow::Result<()> {
        let containers = self.containers(service).await?;
        let gone = containers.iter().map(instance);
        let gone: Vec<_> = gone.filter(|one| one.version == version).collect();
        for one in gone {
            self.docker.act(&["stop", &one.name]).await?;
            self.docker.act(&["rm", "--force", &one.name]).await?;
        }
        Ok(())
    }
}

/// The words after `docker` that run `/sockshop WORDS` inside a container.
fn inside<'a>(instance: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["exec", instance, "/sockshop"], words].concat()
}

/// Whether it runs, or is about to again.
fn runs(container: &Value) -> bool {
    let state = &container["State"];
    state["Running"] == true || state["Restarting"] == true
}

fn instance(container: &Value) -> Instance {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = &container["State"];
    let healthy = state["Health"].is_null() || state["Health"]["Status"] == "healthy";
    let version = settings(container).find(|(name, _)| *name == "VERSION");
    Instance {
        name: text(&container["Name"]).trim_start_matches('/').to_owned(),
        version: version
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default(),
        ready: state["Running"] == true && healthy,
        restarts: container["RestartCount"].as_u64().unwrap_or_default(),
        metrics: None,
    }
}

fn settings(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = container["Config"]["Env"].as_array().into_iter().flatten();
    all.filter_map(|one| one.as_str()?.split_once('='))
}

fn number(container: &Value) -> Option<usize> {
    container["Config"]["Labels"][NUMBER].as_str()?.parse().ok()
}

/// What Compose has marked it with, but for its number.
fn marks(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = container["Config"]["Labels"]
        .as_object()
        .into_iter()
        .flatten();
    let all = all.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    all.filter(|(name, _)| name.starts_with("com.docker.compose.") && *name != NUMBER)
}

/// The networks it is in, and what it is called there besides its own names.
fn networks(container: &Value) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let own = [&container["Name"], &container["Config"]["Hostname"]];
    let own = own.map(|name| name.as_str().unwrap_or_default().trim_start_matches('/'));
    let all = container["NetworkSettings"]["Networks"].as_object();
    all.into_iter().flatten().map(move |(name, network)| {
        let aliases = network["Aliases"].as_array().into_iter().flatten();
        let aliases = aliases.filter_map(Value::as_str);
        (
            name.as_str(),
            aliases.filter(|alias| !own.contains(alias)).collect(),
        )
    })
}

/// The words after `docker create` for a container like `model`, of `version`.
fn alike(model: &Value, version: &str) -> anyhow::Result<Vec<String>> {
    let (config, host) = (&model["Config"], &model["HostConfig"]);
    let image = config["Image"].as_str().context("it has no image")?;
    let mut words = Vec::new();
    let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    for (name, value) in marks(model) {
        add("--label", &format!("{name}={value}"));
    }
    add("--env", &format!("VERSION={version}"));
    for (name, value) in settings(model).filter(|(name, _)| !PER_CONTAINER_ENV.contains(name)) {
        add("--env", &format!("{name}={value}"));
    }
    for (network, aliases) in networks(model).take(1) {
        add("--network", network);
        for alias in aliases {
            add("--network-alias", alias);
        }
    }
    for mount in model["Mounts"].as_array().into_iter().flatten() {
        add("--volume", &volume(mount)?);
    }
    for path in host["Tmpfs"]
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
    {
        add("--tmpfs", path);
    }
    for (flag, list) in [
        ("--cap-drop", &host["CapDrop"]),
        ("--security-opt", &host["SecurityOpt"]),
    ] {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(Value::as_str)
            .for_each(|one| add(flag, one));
    }
    for (flag, limit) in [
        ("--memory", &host["Memory"]),
        ("--pids-limit", &host["PidsLimit"]),
    ] {
        if let Some(limit) = limit.as_i64().filter(|limit| *limit > 0) {
            add(flag, &limit.to_string());
        }
    }
    for (name, value) in host["LogConfig"]["Config"]
        .as_object()
        .into_iter()
        .flatten()
    {
        add(
            "--log-opt",
            &format!("{name}={}", value.as_str().unwrap_or_default()),
        );
    }
    if let Some(nanoseconds) = config["Healthcheck"]["Interval"].as_u64() {
        add("--health-interval", &format!("{nanoseconds}ns"));
    }
    if let Some(seconds) = config["StopTimeout"].as_i64() {
        add("--stop-timeout", &seconds.to_string());
    }
    if let Some(policy) = host["RestartPolicy"]["Name"]
        .as_str()
        .filter(|name| !name.is_empty())
    {
        add("--restart", policy);
    }
    if host["ReadonlyRootfs"] == true {
        words.push("--read-only".to_owned());
    }
    words.push(tagged(image, version)?);
    Ok(words)
}

/// A mount as `--volume` takes it.
fn volume(mount: &Value) -> anyhow::Result<String> {
    let text = |name: &str| mount[name].as_str().unwrap_or_default();
    let from = match text("Type") {
        "volume" => text("Name"),
        "bind" => text("Source"),
        other => bail!("a mount of type `{other}` cannot be had twice"),
    };
    let how = if mount["RW"] == true { "" } else { ":ro" };
    Ok(format!("{from}:{}{how}", text("Destination")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn container() -> Value {
        json!({
            "Name": "/sock-shop_catalogue_1",
            "RestartCount": 1,
            "State": { "Running": true, "Health": { "Status": "healthy" } },
            "Config": {
                "Image": "sockshop/catalogue:0.1.0",
                "Env": ["VERSION=0.1.0", "MESH=meshd:8080", "PATH=/bin"],
                "StopTimeout": 15, "Healthcheck": { "Interval": 5_000_000_000_u64 },
                "Labels": {
                    "com.docker.compose.container-number": "1",
                    "com.docker.compose.service": "catalogue",
                    "org.opencontainers.image.title": "catalogue",
                },
            },
            "HostConfig": {
                "ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
                "Memory": 33_554_432, "PidsLimit": 64, "RestartPolicy": { "Name": "unless-stopped" },
                "LogConfig": { "Config": { "max-file": "2" } },
            },
            "Mounts": [
                { "Type": "volume", "Name": "sock-shop_mesh-key", "Destination": "/run/secrets/mesh", "RW": false },
                { "Type": "volume", "Name": "sock-shop_catalogue", "Destination": "/data", "RW": true },
            ],
            "NetworkSettings": { "Networks": { "sock-shop_default": { "Aliases": ["sock-shop_catalogue_1", "catalogue"] } } },
        })
    }

    #[test]
    fn a_version_beside_another_has_all_but_its_name_and_image() {
        let words = alike(&container(), "v2").unwrap().join(" ");
        assert_eq!(
            words,
            "--label com.docker.compose.service=catalogue --env VERSION=v2 --env MESH=meshd:8080 \
             --network sock-shop_default --network-alias catalogue \
             --volume sock-shop_mesh-key:/run/secrets/mesh:ro --volume sock-shop_catalogue:/data \
             --cap-drop ALL --security-opt no-new-privileges:true --memory 33554432 --pids-limit 64 \
             --log-opt max-file=2 --health-interval 5000000000ns --stop-timeout 15 --restart unless-stopped --read-only sockshop/catalogue:v2"
        );
    }

    #[test]
    fn containers_are_instances() {
        let mut one = container();
        let seen = instance(&one);
        assert_eq!(seen.name, "sock-shop_catalogue_1");
        assert_eq!(
            (&*seen.version, seen.ready, seen.restarts),
            ("0.1.0", true, 1)
        );
        one["State"]["Health"]["Status"] = "starting".into();
        assert!(!instance(&one).ready);
    }
}
