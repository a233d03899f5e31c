//! The stacks of the shop, as `ecs/service.yaml` makes them.

use ::release::Strategy;
use anyhow::ensure;
use serde_json::Value;

/// A stack of a service.
#[derive(Debug)]
pub(super) struct Stack {
    status: String,
    parameters: Vec<(String, String)>,
}

impl Stack {
    /// What `describe-stacks` says of one; nothing when it is no service's.
    pub(super) fn read(stack: &Value) -> Option<Self> {
        let all = stack["Parameters"].as_array()?.iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let parameters = all
            .map(|one| (text(&one["ParameterKey"]), text(&one["ParameterValue"])))
            .collect();
        let status = text(&stack["StackStatus"]);
        let stack = Self { status, parameters };
        (!stack.get("Service").is_empty()).then_some(stack)
    }

    /// The parameter called `name`.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// The version it runs.
    pub(super) fn version(&self) -> &str {
        self.get("Version")
    }

    /// Whether it is beside that of the service.
    pub(super) fn is_beside(&self) -> bool {
        self.get("Beside") == "yes"
    }

    /// Whether it never came up, and can only be deleted.
    pub(super) fn is_lost(&self) -> bool {
        self.status == "ROLLBACK_COMPLETE"
    }

    /// Refuses a release that has no two versions side by side, or nothing to weigh them.
    pub(super) fn preflight(&self, service: &str) -> anyhow::Result<()> {
        ensure!(
            self.get("Mesh") == "yes",
            "the shop has no mesh, and so nothing that shares requests out by version: \
             it needs `MESH=yes STORES=managed ecs/deploy`"
        );
        ensure!(
            self.get("Stores") == "managed" || service == "queue-master",
            "the store of {service} is embedded and has one process, so there cannot be two versions \
             of it: it needs `MESH=yes STORES=managed ecs/deploy`"
        );
        Ok(())
    }

    /// The parameters of `count` tasks of `version` beside this stack's.
    pub(super) fn beside(&self, version: &str, count: usize) -> Vec<String> {
        let most = self.get("MostTasks").parse().unwrap_or(count).max(count);
        let (count, most) = (count.to_string(), most.to_string());
        let own = |key: &str, value: &str| match key {
            "Version" => format!("{key}={version}"),
            "Beside" => format!("{key}=yes"),
            "Tasks" => format!("{key}={count}"),
            "MostTasks" => format!("{key}={most}"),
            _ => format!("{key}={value}"),
        };
        self.parameters
            .iter()
            .map(|(key, value)| own(key, value))
            .collect()
    }
}

/// The name of the stack of `version` beside the service's. It may hold no dots.
pub(super) fn beside(shop: &str, service: &str, version: &str) -> String {
    format!("{shop}-{service}-{}", version.replace('.', "-"))
}

/// The words after `aws` that make `stack`, or bring it up to date.
pub(super) fn deploy(
    shop: &str,
    stack: &str,
    template: &str,
    parameters: &[String],
) -> Vec<String> {
    let tag = format!("sock-shop:shop={shop}");
    let words = [
        "cloudformation",
        "deploy",
        "--stack-name",
        stack,
        "--template-file",
        template,
        "--no-fail-on-empty-changeset",
        "--capabilities",
        "CAPABILITY_IAM",
        "--tags",
        &tag,
        "--parameter-overrides",
    ];
    let words = words.into_iter().map(str::to_owned);
    words.chain(parameters.iter().cloned()).collect()
}

/// The words after `aws` by which ECS itself releases the front-end.
pub(super) fn native(shop: &str, template: &str, version: &str, how: Strategy) -> Vec<String> {
    let strategy = match how {
        Strategy::BlueGreen => "BLUE_GREEN",
        Strategy::Canary => "CANARY",
    };
    let parameters = [format!("Version={version}"), format!("Strategy={strategy}")];
    let stack = format!("{shop}-front-end");
    deploy(shop, &stack, template, &parameters)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stack(mesh: &str, stores: &str) -> Stack {
        let parameter = |(key, value)| json!({ "ParameterKey": key, "ParameterValue": value });
        let parameters = [
            ("Shop", "sock-shop"),
            ("Service", "catalogue"),
            ("Version", "0.1.0"),
            ("Mesh", mesh),
            ("Stores", stores),
            ("Beside", "no"),
            ("Tasks", "2"),
            ("MostTasks", "6"),
        ];
        Stack::read(&json!({ "Parameters": parameters.map(parameter) })).unwrap()
    }

    #[test]
    fn a_version_beside_another_has_all_but_its_version_and_its_number() {
        let parameters = stack("yes", "managed").beside("v2", 7).join(" ");
        assert_eq!(
            parameters,
            "Shop=sock-shop Service=catalogue Version=v2 Mesh=yes Stores=managed Beside=yes Tasks=7 MostTasks=7"
        );
        assert_eq!(
            beside("sock-shop", "carts", "0.2.0"),
            "sock-shop-carts-0-2-0"
        );
    }

    #[test]
    fn the_front_end_has_a_command_of_its_own() {
        let words = native("socks", "ecs/front-end.yaml", "v2", Strategy::Canary).join(" ");
        assert!(words.contains("--stack-name socks-front-end "), "{words}");
        assert!(words.ends_with(" Version=v2 Strategy=CANARY"), "{words}");
    }

    #[test]
    fn without_a_mesh_or_with_an_embedded_store_there_is_no_release() {
        let refused = |mesh, stores, service| stack(mesh, stores).preflight(service).is_err();
        assert!(refused("no", "managed", "catalogue"));
        assert!(refused("yes", "embedded", "catalogue"));
        assert!(
            !refused("yes", "embedded", "queue-master"),
            "it keeps nothing"
        );
        assert!(!refused("yes", "managed", "catalogue"));
    }
}
