//! What no container of ours may do, read off what Compose makes of the files.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::project::file;
use crate::sh;

/// Each of them must be usable alone.
const OVERLAYS: [&str; 5] = ["data", "load", "edge", "original-names", "extras"];

/// Looks at every container of every set-up.
pub(super) fn check(program: &Path) -> anyhow::Result<()> {
    look(program, &["compose"])?;
    for overlay in OVERLAYS {
        let found = look(program, &["compose", overlay]);
        found.with_context(|| format!("compose/{overlay}.yaml"))?;
    }
    look(program, &["compose", "data", "edge", "load", "extras"])?;
    println!(
        "every container is read-only and limited, has no capability, no socket and no secret in its settings"
    );
    Ok(())
}

fn look(program: &Path, files: &[&str]) -> anyhow::Result<()> {
    let mut config = Command::new(program);
    for name in files {
        config.arg("--file").arg(file(name));
    }
    let said = sh::read(config.args(["config", "--format", "json"]))?;
    let config: Value = serde_json::from_str(&said)?;
    let services = config["services"].as_object().context("no services")?;
    for (name, service) in services {
        let mut broken = broken(service);
        broken.extend(shares_a_secret(name, service));
        ensure!(broken.is_empty(), "{name} breaks: {}", broken.join(", "));
    }
    let doors = services.values().filter(|one| one.get("ports").is_some());
    ensure!(doors.count() == 1, "one container is the door of the shop");
    Ok(())
}

/// The mesh key is for those who keep it, and a credential for the one service it
/// is derived for: that of the image, whatever the container is called.
fn shares_a_secret(name: &str, service: &Value) -> Option<&'static str> {
    let image = service["image"].as_str().unwrap_or_default();
    let image = image.rsplit('/').next().unwrap_or_default();
    let kind = image.split(':').next().unwrap_or_default();
    let mounts = service["volumes"].as_array().into_iter().flatten();
    let sources = mounts.filter_map(|mount| mount["source"].as_str());
    let own = format!("mesh-{kind}");
    let keeps_the_key = name == "mesh-key" || kind == "meshd";
    let mut others = sources.filter(|source| source.starts_with("mesh-") && *source != own);
    (!keeps_the_key && others.next().is_some()).then_some("no other's credential")
}

/// The rules that `service` breaks.
fn broken(service: &Value) -> Vec<&'static str> {
    let says = |key: &str, text: &str| service[key].to_string().contains(text);
    let image = service["image"].as_str().unwrap_or_default();
    let settings = service["environment"].as_object();
    let secret = |name: &str| {
        let ends = ["_KEY", "_CREDENTIAL", "PASSWORD"];
        ends.iter().any(|end| name.ends_with(end))
    };
    let rules = [
        ("read-only", service["read_only"] == true),
        (
            "no capabilities",
            says("cap_drop", "ALL") && service["cap_add"].is_null(),
        ),
        ("not privileged", service["privileged"].is_null()),
        (
            "no new privileges",
            says("security_opt", "no-new-privileges:true"),
        ),
        ("a memory limit", !service["mem_limit"].is_null()),
        ("a limit of processes", !service["pids_limit"].is_null()),
        ("a restart policy", !service["restart"].is_null()),
        ("nothing of the host", !says("volumes", "\"bind\"")),
        (
            "a fixed tag",
            image.contains(':') && !image.ends_with(":latest"),
        ),
        (
            "a health check",
            says("restart", "no") || !says("healthcheck", "disable"),
        ),
        (
            "secrets in files",
            settings.is_none_or(|all| !all.keys().any(|name| secret(name))),
        ),
    ];
    let broken = rules.into_iter().filter(|(_, kept)| !kept);
    broken.map(|(rule, _)| rule).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{broken, shares_a_secret};

    #[test]
    fn a_service_gets_its_own_credential_and_no_key() {
        let shares = |name: &str, image: &str, source: &str| {
            let volumes = json!([{"type": "volume", "source": source}]);
            let image = format!("sockshop/{image}:0.1.0");
            shares_a_secret(name, &json!({"image": image, "volumes": volumes})).is_some()
        };
        assert!(!shares("orders", "orders", "mesh-orders"));
        assert!(!shares("edge-router", "front-end", "mesh-front-end"));
        assert!(!shares("meshd", "meshd", "mesh-key"));
        for source in ["mesh-key", "mesh-payment"] {
            assert!(shares("orders", "orders", source));
        }
    }

    #[test]
    fn every_rule_is_noticed_when_it_is_broken() {
        let good = json!({
            "image": "sockshop/orders:0.1.0", "read_only": true, "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"], "mem_limit": "1", "pids_limit": 1,
            "restart": "always", "environment": {"MESH_KEY_FILE": "/run/secrets/mesh/key"},
        });
        assert!(broken(&good).is_empty());
        for (key, bad) in [
            ("read_only", json!(false)),
            ("cap_add", json!(["NET_ADMIN"])),
            ("privileged", json!(true)),
            ("security_opt", json!([])),
            ("mem_limit", json!(null)),
            ("pids_limit", json!(null)),
            ("restart", json!(null)),
            (
                "volumes",
                json!([{"type": "bind", "source": "/var/run/docker.sock"}]),
            ),
            ("image", json!("sockshop/orders:latest")),
            ("healthcheck", json!({"disable": true})),
            ("environment", json!({"MESH_KEY": "in the clear"})),
        ] {
            let mut service = good.clone();
            service[key] = bad;
            assert_eq!(broken(&service).len(), 1, "{key}");
        }
    }
}
