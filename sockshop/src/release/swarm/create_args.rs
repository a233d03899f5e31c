//! What there is to say of a service that is to be like another: all that
//! `stack.yaml` and `data.yaml` do.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::release::remote::tagged;

/// What `docker` prints durations in.
const NANOSECONDS_IN_A_MILLISECOND: i64 = 1_000_000;

/// The words after `docker service create` for a service like `model`, of `version`.
pub(super) fn words(
    model: &Value,
    networks: &[String],
    version: &str,
) -> anyhow::Result<Vec<String>> {
    let task = &model["Spec"]["TaskTemplate"];
    let container = &task["ContainerSpec"];
    let mut words = vec![trust(model).to_owned()];
    let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    add("--env", &format!("VERSION={version}"));
    for setting in texts(&container["Env"]).filter(|one| !one.starts_with("VERSION=")) {
        add("--env", setting);
    }
    if let Some(mode) = model["Spec"]["EndpointSpec"]["Mode"].as_str() {
        add("--endpoint-mode", mode);
    }
    for network in networks {
        add("--network", network);
    }
    for secret in secrets(container) {
        add("--secret", &secret);
    }
    for it in list(&container["Mounts"]) {
        add("--mount", &mount(it)?);
    }
    for one in texts(&container["CapabilityDrop"]) {
        add("--cap-drop", one);
    }
    for (flag, value) in scalars(task) {
        add(flag, &value);
    }
    for constraint in texts(&task["Placement"]["Constraints"]) {
        add("--constraint", constraint);
    }
    for preference in list(&task["Placement"]["Preferences"]) {
        let spread = preference["Spread"]["SpreadDescriptor"].as_str();
        add(
            "--placement-pref",
            &format!("spread={}", spread.unwrap_or_default()),
        );
    }
    if container["ReadOnly"] == true {
        words.push("--read-only".to_owned());
    }
    words.push(image(model, version)?);
    words.extend(texts(&container["Args"]).map(str::to_owned));
    Ok(words)
}

/// Flags that take one number, time or word.
fn scalars(task: &Value) -> impl Iterator<Item = (&'static str, String)> {
    let (container, restart) = (&task["ContainerSpec"], &task["RestartPolicy"]);
    let (health, resources) = (&container["Healthcheck"], &task["Resources"]);
    let number = |value: &Value| value.as_i64().filter(|number| *number > 0);
    let count = |value| number(value).map(|count| count.to_string());
    let time = |value| {
        let milliseconds = number(value)? / NANOSECONDS_IN_A_MILLISECOND;
        Some(format!("{milliseconds}ms"))
    };
    let all = [
        ("--health-interval", time(&health["Interval"])),
        ("--health-timeout", time(&health["Timeout"])),
        ("--health-start-period", time(&health["StartPeriod"])),
        ("--health-retries", count(&health["Retries"])),
        ("--stop-grace-period", time(&container["StopGracePeriod"])),
        (
            "--restart-condition",
            restart["Condition"].as_str().map(str::to_owned),
        ),
        ("--restart-delay", time(&restart["Delay"])),
        (
            "--reserve-memory",
            count(&resources["Reservations"]["MemoryBytes"]),
        ),
        ("--limit-memory", count(&resources["Limits"]["MemoryBytes"])),
        (
            "--replicas-max-per-node",
            count(&task["Placement"]["MaxReplicas"]),
        ),
    ];
    all.into_iter()
        .filter_map(|(flag, value)| Some((flag, value?)))
}

/// The secrets of a container, as `--secret` takes them.
pub(super) fn secrets(container: &Value) -> impl Iterator<Item = String> {
    list(&container["Secrets"]).filter_map(|secret| {
        let (source, target) = (&secret["SecretName"], &secret["File"]["Name"]);
        Some(format!(
            "source={},target={}",
            source.as_str()?,
            target.as_str()?
        ))
    })
}

/// A mount as `--mount` takes it.
fn mount(mount: &Value) -> anyhow::Result<String> {
    let text = |name: &str| mount[name].as_str().unwrap_or_default();
    let from = match text("Type") {
        "tmpfs" => String::new(),
        "volume" | "bind" => format!("source={},", text("Source")),
        other => bail!("a mount of type `{other}` cannot be had twice"),
    };
    let how = if mount["ReadOnly"] == true {
        ",readonly"
    } else {
        ""
    };
    Ok(format!(
        "type={},{from}target={}{how}",
        text("Type"),
        text("Target")
    ))
}

/// The ids of the networks of a service.
pub(super) fn networks(service: &Value) -> impl Iterator<Item = &str> {
    let all = list(&service["Spec"]["TaskTemplate"]["Networks"]);
    all.filter_map(|network| network["Target"].as_str())
}

/// How many ports of the nodes a service holds.
pub(super) fn ports(service: &Value) -> usize {
    list(&service["Spec"]["EndpointSpec"]["Ports"]).count()
}

/// What to say of registries. Docker fixes an image to a digest when it asked one,
/// and will have to ask it again; an image without was given to the nodes by hand.
pub(super) fn trust(service: &Value) -> &'static str {
    let image = image_of(&service["Spec"]["TaskTemplate"]["ContainerSpec"]);
    if image.contains('@') {
        "--with-registry-auth"
    } else {
        "--no-resolve-image"
    }
}

/// The image of `version` of a service.
pub(super) fn image(service: &Value, version: &str) -> anyhow::Result<String> {
    let image = image_of(&service["Spec"]["TaskTemplate"]["ContainerSpec"]);
    let image = image.split('@').next().filter(|image| !image.is_empty());
    tagged(image.context("it has no image")?, version)
}

/// The version that a service is to run.
pub(super) fn version(service: &Value) -> &str {
    version_of(&service["Spec"]["TaskTemplate"]["ContainerSpec"])
}

/// The version that a container runs: what it is told, or else the tag of its image.
pub(super) fn version_of(container: &Value) -> &str {
    let mut told = texts(&container["Env"]);
    if let Some(version) = told.find_map(|one| one.strip_prefix("VERSION=")) {
        return version;
    }
    let image = image_of(container).split('@').next().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').map_or("latest", |(_, tag)| tag)
}

fn image_of(container: &Value) -> &str {
    container["Image"].as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The texts in a list.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(image: &str) -> Value {
        json!({ "Spec": {
            "EndpointSpec": { "Mode": "dnsrr" },
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": image,
                    "Env": ["MESH=meshd:8080", "RES_OPTIONS=timeout:1 attempts:1"],
                    "ReadOnly": true,
                    "CapabilityDrop": ["ALL"],
                    "StopGracePeriod": 15_000_000_000_i64,
                    "Healthcheck": { "Interval": 2_000_000_000_i64, "Retries": 3 },
                    "Mounts": [{ "Type": "volume", "Source": "shop_catalogue", "Target": "/data" }],
                    "Secrets": [{ "File": { "Name": "mesh-key" }, "SecretName": "shop-mesh-key" }],
                },
                "Resources": { "Limits": { "MemoryBytes": 67_108_864 } },
                "RestartPolicy": { "Condition": "any", "Delay": 500_000_000 },
                "Placement": { "Constraints": ["node.role == worker"],
                    "Preferences": [{ "Spread": { "SpreadDescriptor": "node.id" } }] },
            },
        } })
    }

    #[test]
    fn a_version_beside_another_has_all_but_its_name_and_image() {
        let networks = ["shop_external".to_owned()];
        let words = words(&service("sockshop/catalogue:0.1.0"), &networks, "v2").unwrap();
        assert_eq!(
            words.join(" "),
            "--no-resolve-image --env VERSION=v2 --env MESH=meshd:8080 \
             --env RES_OPTIONS=timeout:1 attempts:1 --endpoint-mode dnsrr --network shop_external \
             --secret source=shop-mesh-key,target=mesh-key \
             --mount type=volume,source=shop_catalogue,target=/data --cap-drop ALL \
             --health-interval 2000ms --health-retries 3 --stop-grace-period 15000ms \
             --restart-condition any --restart-delay 500ms --limit-memory 67108864 \
             --constraint node.role == worker --placement-pref spread=node.id --read-only \
             sockshop/catalogue:v2"
        );
    }

    #[test]
    fn a_digest_goes_with_the_tag_it_stands_for() {
        let fixed = service("registry:5000/catalogue:0.1.0@sha256:00");
        assert_eq!(version(&fixed), "0.1.0");
        assert_eq!(image(&fixed, "v2").unwrap(), "registry:5000/catalogue:v2");
        assert_eq!(trust(&fixed), "--with-registry-auth");
    }

    #[test]
    fn a_version_is_what_the_container_is_told_or_its_tag() {
        let container = json!({ "Image": "registry:5000/carts", "Env": [] });
        assert_eq!(version_of(&container), "latest");
        let container = json!({ "Image": "sockshop/carts:v2", "Env": ["VERSION=v3"] });
        assert_eq!(version_of(&container), "v3");
    }

    #[test]
    fn mounts_are_had_twice_unless_nobody_knows_how() {
        let tmp = json!({ "Type": "tmpfs", "Target": "/tmp", "ReadOnly": true });
        assert_eq!(mount(&tmp).unwrap(), "type=tmpfs,target=/tmp,readonly");
        assert!(mount(&json!({ "Type": "npipe" })).is_err());
    }
}
