//! One shop, from `up` to `down`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::docker::{Container, docker};
use crate::images;
use crate::wait::{page, until};
use crate::{servers, sh};

/// No container takes longer to be well, on any machine.
const HEALTHY_TIMEOUT: Duration = Duration::from_secs(180);

/// Visitors a second, nine requests each: few enough for a machine that does other things, too.
const RATE: &str = "2";

/// What every file of a project is called beside its own.
pub(super) fn file(overlay: &str) -> PathBuf {
    sh::root().join("compose").join(format!("{overlay}.yaml"))
}

/// A shop of its own name, port and volumes. What is left of it when this is
/// dropped is removed.
pub(super) struct Project<'a> {
    program: &'a Path,
    overlays: Vec<&'static str>,
    settings: Vec<(&'static str, String)>,
    name: String,
    port: u16,
}

impl<'a> Project<'a> {
    /// A shop with this `overlay` or none, not yet started.
    pub(super) fn new(program: &'a Path, overlay: Option<&'static str>) -> anyhow::Result<Self> {
        Ok(Self {
            program,
            overlays: overlay.into_iter().collect(),
            settings: vec![("LOAD_RATE", RATE.to_owned())],
            name: format!("shop-{}", std::process::id()),
            port: servers::free_port()?,
        })
    }

    /// The same with a variable for its files.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    fn compose(&self, more: &[&'static str]) -> Command {
        let mut compose = Command::new(self.program);
        compose.args(["--project-name", &self.name, "--progress=quiet"]);
        for overlay in ["compose"].iter().chain(&self.overlays).chain(more) {
            compose.arg("--file").arg(file(overlay));
        }
        compose.env("SHOP_PORT", self.port.to_string());
        compose.env("VERSION", images::VERSION);
        compose.envs(self.settings.iter().map(|(name, value)| (name, value)));
        compose
    }

    /// Starts everything, and returns how long it took to the first page.
    pub(super) fn up(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        sh::run(self.compose(&[]).args(["up", "--detach", "--no-build"]))?;
        let url = format!("http://127.0.0.1:{}/", self.port);
        until("the first page", HEALTHY_TIMEOUT, || {
            page(&url).ok().filter(|text| text.contains("Holy"))
        })?;
        Ok(begun.elapsed())
    }

    /// Runs the service `what` of `load.yaml` to its end, which must be a good one.
    pub(super) fn visit(&self, what: &str) -> anyhow::Result<()> {
        sh::run(&mut self.visitors(what))
    }

    /// The command that does so.
    pub(super) fn visitors(&self, what: &str) -> Command {
        let mut visit = self.compose(&["load"]);
        visit.args(["run", "--rm", "--no-TTY", what]);
        visit
    }

    /// What Compose and its driver know it by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The versions of `service` that run.
    pub(super) fn versions(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let ids = self.ids(&format!("label=com.docker.compose.service={service}"))?;
        let format = "{{range .Config.Env}}{{println .}}{{end}}";
        let version = |id: &String| {
            let settings = sh::read(&mut docker(&["inspect", "--format", format, id]))?;
            let mut lines = settings.lines();
            let version = lines.find_map(|line| line.strip_prefix("VERSION="));
            Ok(version.unwrap_or_default().to_owned())
        };
        ids.iter().map(version).collect()
    }

    /// Takes the report of the load test out of its volume.
    pub(super) fn report(&self, folder: &Path) -> anyhow::Result<()> {
        let volume = format!("{}_load:/data:ro", self.name);
        let image = images::tag("sockshop");
        let keeper = sh::read(&mut docker(&["create", "--volume", &volume, &image]))?;
        let keeper = Container(keeper);
        let from = format!("{}:/data/load.html", keeper.0);
        sh::read(docker(&["cp", &from]).arg(folder))?;
        Ok(())
    }

    /// Waits until every container with a health check passes it.
    pub(super) fn until_well(&self) -> anyhow::Result<()> {
        until("all containers to be healthy", HEALTHY_TIMEOUT, || {
            let ill = ["starting", "unhealthy"].map(|health| self.ids(&format!("health={health}")));
            ill.iter()
                .all(|ids| matches!(ids, Ok(ids) if ids.is_empty()))
                .then_some(())
        })
    }

    /// Kills what runs in the container of `service`, and waits until it runs
    /// and is well again.
    pub(super) fn kill(&self, service: &str) -> anyhow::Result<()> {
        let look = |format: &str| {
            let mut inspect = docker(&["inspect", "--format", format]);
            sh::read(inspect.arg(self.container(service)))
        };
        sh::run(Command::new("kill").args(["-9", &look("{{.State.Pid}}")?]))?;
        until(
            &format!("{service} to be replaced"),
            HEALTHY_TIMEOUT,
            || {
                let health = look("{{.RestartCount}} {{.State.Health.Status}}").ok()?;
                (health == "1 healthy").then_some(())
            },
        )
    }

    /// Whether `url` is answered well to a container in the network of the shop.
    pub(super) fn ask(&self, url: &str) -> anyhow::Result<()> {
        let network = format!("{}_default", self.name);
        let image = images::tag("sockshop");
        let mut ask = docker(&["run", "--rm", "--network", &network, &image]);
        sh::run(ask.args(["health", "--url", url]))
    }

    /// The name of the container of `service`.
    pub(super) fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.name)
    }

    /// Identifiers of the running containers.
    pub(super) fn running(&self) -> anyhow::Result<Vec<String>> {
        self.ids("status=running")
    }

    /// Ends everything but the volumes.
    pub(super) fn down(&self) -> anyhow::Result<()> {
        sh::run(self.compose(&["load"]).arg("down"))
    }

    /// Ends everything, and makes sure that nothing is left.
    pub(super) fn close(self) -> anyhow::Result<()> {
        sh::run(self.compose(&["load"]).args(["down", "--volumes"]))?;
        let left = self.left()?;
        ensure!(
            left.is_empty(),
            "after `down --volumes` there is still {left:?}"
        );
        Ok(())
    }

    fn ids(&self, filter: &str) -> anyhow::Result<Vec<String>> {
        let mut list = docker(&[
            "ps",
            "--quiet",
            "--filter",
            &self.label(),
            "--filter",
            filter,
        ]);
        Ok(sh::read(&mut list)?.lines().map(str::to_owned).collect())
    }

    fn label(&self) -> String {
        format!("label=com.docker.compose.project={}", self.name)
    }

    /// Everything the engine knows of the project, such as `volume shop_orders`.
    fn left(&self) -> anyhow::Result<Vec<String>> {
        let mut left = Vec::new();
        for kind in ["container", "volume", "network"] {
            let mut list = docker(&[kind, "ls", "--quiet", "--filter", &self.label()]);
            if kind == "container" {
                list.arg("--all");
            }
            let names = sh::read(&mut list)?;
            left.extend(names.lines().map(|name| format!("{kind} {name}")));
        }
        Ok(left)
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        for left in self.left().unwrap_or_default() {
            match left.split_once(' ') {
                Some(("container", id)) => drop(Container(id.to_owned())),
                Some((kind, name)) => {
                    let mut remove = docker(&[kind, "rm", name]);
                    _ = remove.stdout(Stdio::null()).status();
                }
                None => {}
            }
        }
    }
}
