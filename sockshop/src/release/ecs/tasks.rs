//! The tasks of the cluster.

use ::release::Instance;
use serde_json::Value;

use super::{Ecs, all};

/// Maximum number of tasks that ECS describes in one call.
const MAX_TASKS_PER_CALL: usize = 100;

impl Ecs {
    /// The tasks of the cluster that shall be `RUNNING`, or have `STOPPED` in the last hour.
    pub(super) async fn tasks(&self, status: &str) -> anyhow::Result<Vec<Value>> {
        let cluster = ["--cluster", &*self.shop];
        let list = ["ecs", "list-tasks", "--desired-status", status];
        let listed = self.read(&[&list[..], &cluster].concat()).await?;
        let names: Vec<_> = all(&listed["taskArns"]).filter_map(Value::as_str).collect();
        let describe = ["ecs", "describe-tasks", "--include", "TAGS"];
        let mut tasks = Vec::new();
        for names in names.chunks(MAX_TASKS_PER_CALL) {
            let words = [&describe[..], &cluster, &["--tasks"], names].concat();
            tasks.extend(all(&self.read(&words).await?["tasks"]).cloned());
        }
        Ok(tasks)
    }
}

fn tag<'a>(task: &'a Value, key: &str) -> Option<&'a str> {
    let tag = all(&task["tags"]).find(|tag| tag["key"] == key);
    tag?["value"].as_str()
}

/// Whether a service of ECS keeps this task, for `service`. Others only run words.
fn is_of(task: &Value, service: &str) -> bool {
    let group = task["group"].as_str().unwrap_or_default();
    group.starts_with("service:") && tag(task, "sock-shop:service") == Some(service)
}

/// What a task is as an instance of `service`; nothing before it has an address.
pub(super) fn instance(task: &Value, service: &str) -> Option<Instance> {
    let mut details = all(&task["attachments"]).flat_map(|one| all(&one["details"]));
    let address = details.find(|one| one["name"] == "privateIPv4Address")?;
    is_of(task, service).then_some(Instance {
        name: address["value"].as_str()?.to_owned(),
        version: tag(task, "sock-shop:version")?.to_owned(),
        ready: task["lastStatus"] == "RUNNING" && task["healthStatus"] == "HEALTHY",
        restarts: 0,
        metrics: None,
    })
}

/// How many of these tasks ended by themselves: ECS starts another, and never the same again.
pub(super) fn crashes(stopped: &[Value], service: &str, version: &str) -> u64 {
    let crashed = stopped.iter().filter(|task| {
        is_of(task, service)
            && tag(task, "sock-shop:version") == Some(version)
            && task["stopCode"] == "EssentialContainerExited"
    });
    crashed.map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task() -> Value {
        json!({
            "group": "service:catalogue-v2",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "tags": [
                { "key": "sock-shop:service", "value": "catalogue" },
                { "key": "sock-shop:version", "value": "v2" },
            ],
            "attachments": [{ "details": [{ "name": "privateIPv4Address", "value": "10.77.16.5" }] }],
        })
    }

    #[test]
    fn tasks_are_instances_unless_they_only_run_words() {
        let mut one = task();
        let seen = instance(&one, "catalogue").unwrap();
        assert_eq!(
            (&*seen.name, &*seen.version, seen.ready),
            ("10.77.16.5", "v2", true)
        );
        assert_eq!(instance(&one, "carts"), None);
        one["healthStatus"] = "UNKNOWN".into();
        assert!(!instance(&one, "catalogue").unwrap().ready);
        one["group"] = "family:sock-shop-catalogue".into();
        assert_eq!(instance(&one, "catalogue"), None);
        one = task();
        one["attachments"] = json!([]);
        assert_eq!(instance(&one, "catalogue"), None, "it has no address yet");
    }

    #[test]
    fn a_task_that_ended_by_itself_is_a_crash_and_one_that_was_ended_is_none() {
        let (mut crashed, mut ended) = (task(), task());
        crashed["stopCode"] = "EssentialContainerExited".into();
        ended["stopCode"] = "ServiceSchedulerInitiated".into();
        let stopped = [crashed, ended];
        assert_eq!(crashes(&stopped, "catalogue", "v2"), 1);
        assert_eq!(crashes(&stopped, "catalogue", "0.1.0"), 0);
    }
}
