//! One pod: a container that is given what its manifest says, as a kubelet would.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::objects::{Objects, Pods, at, list, text};
use super::dns::DOMAIN;
use crate::docker::docker;
use crate::{sh, wait};

/// A pod that runs.
#[derive(Clone)]
pub(super) struct Pod {
    /// Name of the pod.
    pub(super) name: String,
    /// IP address of the pod.
    pub(super) address: Ipv4Addr,
    /// Labels of the pod.
    pub(super) labels: Value,
    /// How it is run.
    pub(super) spec: Value,
}

/// Where a pod is started.
pub(super) struct Place<'a> {
    /// All that was applied.
    pub(super) objects: &'a Objects,
    /// For volumes and secrets.
    pub(super) folder: &'a Path,
    /// A network of the engine; its name is in those of its containers.
    pub(super) network: &'a str,
}

impl Pod {
    /// Starts a pod of `pods`, called `name`, at `address`.
    pub(super) fn start(
        place: &Place<'_>,
        pods: Pods<'_>,
        name: &str,
        address: Ipv4Addr,
    ) -> anyhow::Result<Self> {
        let pod = Self {
            name: name.to_owned(),
            address,
            labels: pods.labels.clone(),
            spec: pods.spec.clone(),
        };
        let container = at(&pod.spec, "/containers/0");
        let mut words = vec![
            "run",
            "--detach",
            "--no-healthcheck",
            "--read-only",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
        ];
        let identity = &pod.spec["securityContext"];
        let memory = text(container, "/resources/limits/memory")
            .replace('i', "")
            .to_lowercase();
        let named = [
            format!("--name={}-{name}", place.network),
            format!("--hostname={name}"),
            format!("--network={}", place.network),
            format!("--ip={address}"),
            format!(
                "--user={}:{}",
                identity["runAsUser"], identity["runAsGroup"]
            ),
            format!("--memory={memory}"),
            format!(
                "--volume={}:/etc/resolv.conf:ro",
                place.folder.join("resolv.conf").display()
            ),
        ];
        let mounts = pod.mounts(place, pods)?;
        let variables = pod.variables(place.objects)?;
        words.extend(
            named
                .iter()
                .chain(&mounts)
                .chain(&variables)
                .map(String::as_str),
        );
        let command = pod.command(&variables);
        let entry = command.first().map(|first| format!("--entrypoint={first}"));
        words.extend(entry.as_deref());
        words.push(text(container, "/image"));
        words.extend(command.iter().skip(1).map(String::as_str));
        words.extend(list(container, "/args").iter().filter_map(Value::as_str));
        sh::read(&mut docker(&words))?;
        Ok(pod)
    }

    fn command(&self, variables: &[String]) -> Vec<String> {
        let words = list(&self.spec, "/containers/0/command")
            .iter()
            .filter_map(Value::as_str);
        words.map(|word| expand(word, variables)).collect()
    }

    /// The variables, as `--env=NAME=value`.
    fn variables(&self, objects: &Objects) -> anyhow::Result<Vec<String>> {
        let mut set: Vec<String> = Vec::new();
        for variable in list(&self.spec, "/containers/0/env") {
            let from = &variable["valueFrom"];
            let value = match text(from, "/fieldRef/fieldPath") {
                "" if from.is_null() => expand(text(variable, "/value"), &set),
                "" => secret(objects, &from["secretKeyRef"])?,
                "metadata.name" => self.name.clone(),
                "metadata.namespace" => "sock-shop".to_owned(),
                "status.podIP" => self.address.to_string(),
                other => bail!("unknown field {other}"),
            };
            set.push(format!("--env={}={value}", text(variable, "/name")));
        }
        Ok(set)
    }

    fn mounts(&self, place: &Place<'_>, pods: Pods<'_>) -> anyhow::Result<Vec<String>> {
        let mut mounts = Vec::new();
        for mount in list(&self.spec, "/containers/0/volumeMounts") {
            let name = text(mount, "/name");
            let folder = place.folder.join(&self.name).join(name);
            fs::create_dir_all(&folder)?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
            let volume = list(pods.spec, "/volumes")
                .iter()
                .find(|volume| volume["name"] == name);
            for (kind, from) in [
                ("Secret", "/secret/secretName"),
                ("ConfigMap", "/configMap/name"),
            ] {
                let from = volume.map_or("", |volume| text(volume, from));
                if let Some(found) = place.objects.find(kind, from) {
                    write(&folder, found)?;
                }
            }
            mounts.push(format!(
                "--volume={}:{}",
                folder.display(),
                text(mount, "/mountPath")
            ));
        }
        Ok(mounts)
    }

    /// Whether a probe passes now.
    pub(super) fn passes(&self, network: &str, probe: &str) -> bool {
        let probe = at(&self.spec, &format!("/containers/0/{probe}"));
        let command: Vec<&str> = list(probe, "/exec/command")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        if !command.is_empty() {
            let name = format!("{network}-{}", self.name);
            let asked = docker(&["exec", &name]).args(command).output();
            return asked.is_ok_and(|asked| asked.status.success());
        }
        let Some(port) = self.port(&probe["httpGet"]["port"]) else {
            return false;
        };
        let url = format!(
            "http://{}:{port}{}",
            self.address,
            text(probe, "/httpGet/path")
        );
        let patience = probe["timeoutSeconds"].as_u64().unwrap_or(1);
        let ask = ureq::get(&url)
            .config()
            .timeout_global(Some(Duration::from_secs(patience)))
            .build();
        ask.call().is_ok()
    }

    /// Whether it reaches all that it uses, also what its readiness only reports.
    pub(super) fn is_whole(&self) -> bool {
        let probe = at(&self.spec, "/containers/0/readinessProbe/httpGet");
        let Some(port) = self.port(&probe["port"]) else {
            return true;
        };
        let url = format!("http://{}:{port}{}", self.address, text(probe, "/path"));
        wait::page(&url).is_ok_and(|page| page.trim() == "ok")
    }

    /// The number of the port called `name`.
    pub(super) fn port(&self, name: &Value) -> Option<u16> {
        let pods = Pods {
            owner: &Value::Null,
            labels: &self.labels,
            spec: &self.spec,
        };
        u16::try_from(pods.port(name)?).ok()
    }

    /// Tells it to end, and fails unless it does so well within its time.
    pub(super) fn stop(&self, network: &str) -> anyhow::Result<Duration> {
        let grace = at(&self.spec, "/terminationGracePeriodSeconds")
            .as_u64()
            .unwrap_or(30);
        let name = format!("{network}-{}", self.name);
        let begun = Instant::now();
        sh::read(&mut docker(&["stop", &format!("--time={grace}"), &name]))?;
        let took = begun.elapsed();
        let code = sh::read(&mut docker(&[
            "inspect",
            "--format={{.State.ExitCode}}",
            &name,
        ]))?;
        ensure!(
            code == "0",
            "{}: it ended with {code} after {took:?}, of {grace} s",
            self.name
        );
        keep_log(&name)?;
        sh::read(&mut docker(&["rm", "--volumes", &name]))?;
        Ok(took)
    }
}

/// Writes what the container said to `artefacts/k8s`.
fn keep_log(container: &str) -> anyhow::Result<()> {
    let path = sh::root().join(format!("artefacts/k8s/{container}.log"));
    let log = std::fs::File::create(path)?;
    let error = log.try_clone()?;
    sh::run(docker(&["logs", container]).stdout(log).stderr(error))
}

/// What a kubelet writes into every pod.
pub(super) fn resolv_conf(server: Ipv4Addr) -> String {
    let upper = DOMAIN.split_once('.').map_or(DOMAIN, |(_, upper)| upper);
    format!("search {DOMAIN} {upper} cluster.local\nnameserver {server}\noptions ndots:5\n")
}

/// `$(NAME)` is what NAME was set to before.
fn expand(text: &str, set: &[String]) -> String {
    set.iter().fold(text.to_owned(), |text, one| {
        let one = one.trim_start_matches("--env=");
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        text.replace(&format!("$({name})"), value)
    })
}

fn secret(objects: &Objects, source: &Value) -> anyhow::Result<String> {
    let secret = objects
        .find("Secret", text(source, "/name"))
        .context("no such secret")?;
    let value = text(&secret["data"], &format!("/{}", text(source, "/key")));
    Ok(String::from_utf8(STANDARD.decode(value)?)?)
}

/// A file for each entry.
fn write(folder: &Path, object: &Value) -> anyhow::Result<()> {
    for (file, value) in object["data"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let bytes = match object["kind"].as_str() {
            Some("Secret") => STANDARD.decode(value)?,
            _ => value.as_bytes().to_vec(),
        };
        fs::write(folder.join(file), bytes)?;
    }
    Ok(())
}
