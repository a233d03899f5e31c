//! Releases on Kubernetes, by `kubectl`. The names and labels are those of
//! `k8s/README.md`: a version beside another is a copy of the service's
//! Deployment under the name `SERVICE-VERSION`, and in the end the Deployment of
//! the service itself becomes the version that stays. Requests are shared out by
//! the policy of the mesh, exactly; without the component `mesh` there is no
//! such thing, and the release says so and does not begin.

use ::release::Instance;
use ::release::tool::Tool;
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::remote::{Platform, tagged};

/// Kubernetes namespace as a release target.
pub(super) struct Kubernetes {
    kubectl: Tool,
    namespace: String,
}

impl Kubernetes {
    /// The shop in `namespace`. In a `dry_run` it is not changed.
    pub(super) fn new(namespace: String, dry_run: bool) -> Self {
        Self {
            kubectl: Tool::new("kubectl", "kubectl", dry_run),
            namespace,
        }
    }

    fn words<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        [&["--namespace", &*self.namespace][..], words].concat()
    }

    /// The words after `kubectl` that run `/sockshop WORDS` inside a pod.
    fn inside<'a>(&'a self, pod: &'a str, words: &[&'a str]) -> Vec<&'a str> {
        self.words(&[&["exec", pod, "--", "/sockshop"], words].concat())
    }

    async fn act(&self, words: &[&str]) -> anyhow::Result<()> {
        self.kubectl.act(&self.words(words)).await
    }

    async fn get(&self, words: &[&str]) -> anyhow::Result<Value> {
        let words = self.words(&[&["get", "--output", "json"][..], words].concat());
        let text = self.kubectl.read(&words).await?;
        serde_json::from_str(&text).context("kubectl does not answer in JSON")
    }

    /// The versions of the Deployments beside that of the service.
    async fn beside(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let selector = format!("name={service}");
        let all = self.get(&["deployments", "--selector", &selector]).await?;
        let all = all["items"].as_array().into_iter().flatten();
        let beside = all.filter(|one| one["metadata"]["name"] != service);
        Ok(beside.map(|one| version_of(one).to_owned()).collect())
    }

    /// The Deployment of the service becomes `version`, and has all of its pods.
    async fn hand_over(&self, service: &str, own: &Value, version: &str) -> anyhow::Result<()> {
        let name = format!("deployment/{service}");
        if version_of(own) != version {
            let patch = takes_over(service, own, version)?.to_string();
            self.act(&["patch", &name, "--patch", &patch]).await?;
        }
        let patience = "--timeout=110s";
        self.act(&["rollout", "status", &name, patience]).await
    }

    async fn remove(&self, service: &str, version: &str) -> anyhow::Result<()> {
        let name = beside(service, version);
        self.act(&["delete", "deployment", &name, "--ignore-not-found"])
            .await
    }
}

impl Platform for Kubernetes {
    const NAME: &'static str = "k8s";

    async fn ask(&self, _service: &str, pod: &str, words: &[&str]) -> anyhow::Result<String> {
        self.kubectl.read(&self.inside(pod, words)).await
    }

    async fn tell(&self, _service: &str, pod: &str, words: &[&str]) -> anyhow::Result<()> {
        self.kubectl.act(&self.inside(pod, words)).await
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let selector = format!("name={service}");
        let pods = self.get(&["pods", "--selector", &selector]).await?;
        let pods = pods["items"].as_array().into_iter().flatten();
        Ok(pods.filter_map(instance).collect())
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        if self.beside(service).await?.iter().any(|one| one == version) {
            return Ok(());
        }
        let deployment = self.get(&["deployment", service]).await?;
        let copy = copy(service, &deployment, version, count)?;
        let copy = serde_json::to_string_pretty(&copy)?;
        let words = self.words(&["create", "--filename", "-"]);
        self.kubectl.feed(&words, &copy).await
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        let own = self.get(&["deployment", service]).await?;
        let mut beside = self.beside(service).await?;
        if self.kubectl.is_dry() {
            beside.push(keep.to_owned());
        }
        // A hand-over that was cut off has left the version that took over beside itself.
        let took_over = beside.iter().any(|one| one == keep);
        let hands_over = version_of(&own) == version;
        if hands_over || (took_over && version_of(&own) == keep) {
            self.hand_over(service, &own, keep).await?;
            beside.retain(|one| one == version || one == keep);
        } else {
            beside.retain(|one| one == version);
        }
        for version in beside {
            self.remove(service, &version).await?;
        }
        Ok(())
    }
}

fn beside(service: &str, version: &str) -> String {
    format!("{service}-{version}")
}

fn version_of(deployment: &Value) -> &str {
    let label = &deployment["spec"]["template"]["metadata"]["labels"]["version"];
    label.as_str().unwrap_or_default()
}

/// What a pod is as an instance; nothing when it is about to go.
fn instance(pod: &Value) -> Option<Instance> {
    let (meta, status) = (&pod["metadata"], &pod["status"]);
    let over = matches!(status["phase"].as_str(), Some("Succeeded" | "Failed"));
    if over || !meta["deletionTimestamp"].is_null() {
        return None;
    }
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    let containers = status["containerStatuses"].as_array().into_iter().flatten();
    Some(Instance {
        name: meta["name"].as_str()?.to_owned(),
        version: meta["labels"]["version"].as_str()?.to_owned(),
        ready: conditions.any(|one| one["type"] == "Ready" && one["status"] == "True"),
        restarts: containers
            .filter_map(|one| one["restartCount"].as_u64())
            .sum(),
        metrics: None,
    })
}

/// The Deployment of `version` beside that of the service.
fn copy(service: &str, deployment: &Value, version: &str, count: usize) -> anyhow::Result<Value> {
    let spec = &deployment["spec"];
    ensure!(
        spec["strategy"]["type"] != "Recreate",
        "{service} keeps its store in its pod, so there cannot be two versions of it: \
         use the component `data` or `external-data`"
    );
    let name = beside(service, version);
    let mut copy = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "labels": deployment["metadata"]["labels"] },
        "spec": spec,
    });
    let spec = &mut copy["spec"];
    spec["replicas"] = count.into();
    spec["selector"]["matchLabels"]["app.kubernetes.io/instance"] = name.clone().into();
    let labels = &mut spec["template"]["metadata"]["labels"];
    labels["app.kubernetes.io/instance"] = name.into();
    labels["track"] = "canary".into();
    labels["version"] = version.into();
    let Some(container) = container(&mut spec["template"], service) else {
        bail!("the Deployment {service} has no container {service}");
    };
    let image = container["image"].as_str().unwrap_or_default();
    container["image"] = tagged(image, version)?.into();
    Ok(copy)
}

fn container<'a>(template: &'a mut Value, service: &str) -> Option<&'a mut Value> {
    let all = template["spec"]["containers"].as_array_mut()?;
    all.iter_mut().find(|one| one["name"] == service)
}

/// What makes the Deployment of the service run `version`.
fn takes_over(service: &str, deployment: &Value, version: &str) -> anyhow::Result<Value> {
    let mut template = deployment["spec"]["template"].clone();
    let image = container(&mut template, service).map(|one| one["image"].clone());
    let image = image.as_ref().and_then(Value::as_str);
    let image = tagged(image.context("the Deployment has no image")?, version)?;
    Ok(json!({ "spec": { "template": {
        "metadata": { "labels": { "version": version } },
        "spec": { "containers": [{ "name": service, "image": image }] },
    }}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(strategy: &str) -> Value {
        let labels = json!({ "name": "catalogue", "app.kubernetes.io/instance": "catalogue",
            "track": "stable", "version": "0.1.0" });
        json!({
            "metadata": { "name": "catalogue", "uid": "1", "labels": { "name": "catalogue" } },
            "spec": {
                "replicas": 1,
                "strategy": { "type": strategy },
                "selector": { "matchLabels": { "name": "catalogue", "app.kubernetes.io/instance": "catalogue" } },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "catalogue", "image": "sockshop/catalogue:0.1.0" }] },
                },
            },
            "status": { "replicas": 1 },
        })
    }

    #[test]
    fn a_version_beside_another_has_names_labels_and_an_image_of_its_own() {
        let copy = copy("catalogue", &deployment("RollingUpdate"), "v2", 3).unwrap();
        let (meta, spec) = (&copy["metadata"], &copy["spec"]);
        assert_eq!(meta["name"], "catalogue-v2");
        assert!(meta["uid"].is_null() && copy["status"].is_null());
        assert_eq!(spec["replicas"], 3);
        let labels = &spec["template"]["metadata"]["labels"];
        let chosen = spec["selector"]["matchLabels"].as_object().unwrap();
        assert!(chosen.iter().all(|(name, value)| &labels[name] == value));
        assert_eq!(labels["name"], "catalogue", "the Service finds it");
        assert_eq!(labels["app.kubernetes.io/instance"], "catalogue-v2");
        assert_eq!(
            (&labels["version"], &labels["track"]),
            (&"v2".into(), &"canary".into())
        );
        let image = &spec["template"]["spec"]["containers"][0]["image"];
        assert_eq!(image, "sockshop/catalogue:v2");
    }

    #[test]
    fn a_store_in_the_pod_admits_one_version_only() {
        let refused = copy("catalogue", &deployment("Recreate"), "v2", 1).unwrap_err();
        assert!(refused.to_string().contains("`data`"), "{refused}");
    }

    #[test]
    fn pods_are_instances_until_they_are_told_to_go() {
        let mut pod = json!({
            "metadata": { "name": "catalogue-1", "labels": { "version": "v2" } },
            "status": {
                "conditions": [{ "type": "Ready", "status": "True" }],
                "containerStatuses": [{ "restartCount": 2 }],
            },
        });
        let seen = instance(&pod).unwrap();
        assert_eq!((&*seen.version, seen.ready, seen.restarts), ("v2", true, 2));
        pod["status"]["conditions"][0]["status"] = "False".into();
        assert!(!instance(&pod).unwrap().ready);
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        assert_eq!(instance(&pod), None);
    }
}
