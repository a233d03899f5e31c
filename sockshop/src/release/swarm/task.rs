//! Tasks of a service as instances of it. Their names are their addresses.

use ::release::Instance;
use serde_json::Value;

use super::create_args;

/// Those among all `tasks` of a service and of what is beside it, ended ones too,
/// that are to run.
pub(super) fn instances(tasks: &[Value]) -> Vec<Instance> {
    let wanted = tasks
        .iter()
        .filter(|task| task["DesiredState"] == "running");
    wanted.map(|task| instance(task, tasks)).collect()
}

/// A task that fails is replaced by another in its slot.
fn instance(task: &Value, tasks: &[Value]) -> Instance {
    let place = |task: &Value| (task["ServiceID"].clone(), task["Slot"].clone());
    let before = tasks.iter().filter(|other| place(other) == place(task));
    let restarts = before.filter(|other| other["Status"]["State"] == "failed");
    let id = task["ID"].as_str().unwrap_or_default();
    Instance {
        name: address(task).unwrap_or(id).to_owned(),
        version: create_args::version_of(&task["Spec"]["ContainerSpec"]).to_owned(),
        // Swarm says so only once it is healthy.
        ready: task["Status"]["State"] == "running",
        restarts: restarts.count() as u64,
        metrics: None,
    }
}

/// Where it is in one of its zones; mesh nodes are in all of them.
fn address(task: &Value) -> Option<&str> {
    let networks = task["NetworksAttachments"].as_array()?.iter();
    let mut zones = networks.filter(|one| one["Network"]["Spec"]["Ingress"] != true);
    let address = zones.next()?["Addresses"].get(0)?.as_str()?;
    address.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn task(wanted: &str, state: &str, address: &str) -> Value {
        json!({
            "ID": "t1", "ServiceID": "s1", "Slot": 1, "DesiredState": wanted,
            "Status": { "State": state },
            "Spec": { "ContainerSpec": { "Image": "sockshop/catalogue:v2" } },
            "NetworksAttachments": [
                { "Network": { "Spec": { "Ingress": true } }, "Addresses": ["10.0.0.3/24"] },
                { "Network": { "Spec": {} }, "Addresses": [address] },
            ],
        })
    }

    #[test]
    fn tasks_that_are_to_run_are_instances() {
        let tasks = [
            task("running", "running", "10.77.1.6/24"),
            task("shutdown", "failed", "10.77.1.5/24"),
            task("shutdown", "shutdown", "10.77.1.4/24"),
        ];
        let seen = instances(&tasks);
        assert_eq!(seen.len(), 1);
        assert_eq!((&*seen[0].name, &*seen[0].version), ("10.77.1.6", "v2"));
        assert_eq!((seen[0].ready, seen[0].restarts), (true, 1));
    }

    #[test]
    fn a_task_that_is_nowhere_yet_is_not_ready() {
        let mut waiting = task("running", "pending", "");
        waiting["NetworksAttachments"] = Value::Null;
        let seen = instances(&[waiting]);
        assert_eq!((&*seen[0].name, seen[0].ready), ("t1", false));
    }
}
