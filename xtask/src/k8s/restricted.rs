//! The Pod Security Standard *restricted*, and what we ask of pods beyond it.

use serde_json::{Value, json};

use super::objects::{Objects, Pods, at, list, text};
use crate::images;

/// Volumes that a restricted pod may have.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Whether `true` must stand at a place.
type Rule = (&'static str, fn(&Value) -> bool);

const POD: &[Rule] = &[
    ("runs as a user of its own", |pod| {
        pod["securityContext"]["runAsNonRoot"] == true
            && pod["securityContext"]["runAsUser"]
                .as_u64()
                .is_some_and(|user| user > 0)
            && pod["securityContext"]["runAsGroup"]
                .as_u64()
                .is_some_and(|group| group > 0)
    }),
    ("is confined by seccomp", |pod| {
        pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    }),
    ("shares nothing with its machine", |pod| {
        ["hostNetwork", "hostPID", "hostIPC", "hostUsers"]
            .iter()
            .all(|key| pod[key].is_null())
            && pod["securityContext"]["sysctls"].is_null()
    }),
    ("mounts nothing of its machine", |pod| {
        list(pod, "/volumes")
            .iter()
            .all(|volume| VOLUMES.iter().any(|kind| !volume[kind].is_null()))
    }),
    ("may write to what it mounts", |pod| {
        list(pod, "/volumes")
            .iter()
            .all(|volume| volume["emptyDir"].is_null())
            || pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]
    }),
    ("has no key to the cluster", |pod| {
        pod["automountServiceAccountToken"] == false
    }),
    ("is told nothing of other Services", |pod| {
        pod["enableServiceLinks"] == false
    }),
];

const CONTAINER: &[Rule] = &[
    ("gains no rights", |one| {
        one["securityContext"]["allowPrivilegeEscalation"] == false
            && one["securityContext"]["privileged"].is_null()
    }),
    ("has no capability", |one| {
        one["securityContext"]["capabilities"] == json!({"drop": ["ALL"]})
    }),
    ("cannot change its image", |one| {
        one["securityContext"]["readOnlyRootFilesystem"] == true
    }),
    ("takes no port of its machine", |one| {
        list(one, "/ports")
            .iter()
            .all(|port| port["hostPort"].is_null())
    }),
    ("says what it needs", |one| {
        [
            "/resources/requests/cpu",
            "/resources/requests/memory",
            "/resources/limits/memory",
        ]
        .iter()
        .all(|place| !text(one, place).is_empty())
    }),
    ("is pulled only when it is not there", |one| {
        one["imagePullPolicy"] == "IfNotPresent"
    }),
    ("has an image of ours, or a server's", |one| {
        let ours = images::ALL
            .iter()
            .any(|name| one["image"] == images::tag(name));
        ours || ["postgres:17", "redis:8"]
            .iter()
            .any(|image| one["image"] == *image)
    }),
];

/// What is wrong with the pods.
pub(super) fn check(objects: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for namespace in objects.of("Namespace") {
        if text(
            namespace,
            "/metadata/labels/pod-security.kubernetes.io~1enforce",
        ) != "restricted"
        {
            wrong.push("the namespace does not enforce the restricted standard".to_owned());
        }
    }
    for pods in objects.pods() {
        let mut ask = |rules: &[Rule], of: &Value| {
            let broken = rules.iter().filter(|(_, rule)| !rule(of));
            wrong.extend(broken.map(|(what, _)| format!("{}: not so: it {what}", pods.name())));
        };
        ask(POD, pods.spec);
        pods.containers().iter().for_each(|one| ask(CONTAINER, one));
        wrong.extend(lifetime(pods));
        wrong.extend(probes(pods));
    }
    wrong
}

/// A pod may live long enough to drain: its window, and ten seconds for what is in flight.
fn lifetime(pods: Pods<'_>) -> Option<String> {
    let window = pods
        .variable("DRAIN_WINDOW")
        .map_or("2s", |one| text(one, "/value"));
    let window: u64 = window.trim_end_matches('s').parse().ok()?;
    let given = at(pods.spec, "/terminationGracePeriodSeconds")
        .as_u64()
        .unwrap_or(30);
    (given < window + 12).then(|| {
        format!(
            "{}: {given} s are too short to drain for {window} s",
            pods.name()
        )
    })
}

/// Whoever stays is asked how it is.
fn probes(pods: Pods<'_>) -> Option<String> {
    if pods.owner["kind"] == "Job" {
        return None;
    }
    let all = ["startupProbe", "livenessProbe", "readinessProbe"];
    let missing = all
        .iter()
        .find(|probe| at(pods.spec, "/containers/0")[**probe].is_null())?;
    Some(format!("{}: it has no {missing}", pods.name()))
}
