//! The names and numbers that were written into ingresses, dashboards and load
//! tests of the original (contract page `deployment.md`, check 6).

use serde_json::Value;

use super::objects::{Objects, at, list};

/// What answers on port 80 of its name.
const NAMES: [&str; 8] = [
    "carts",
    "catalogue",
    "front-end",
    "orders",
    "payment",
    "queue-master",
    "shipping",
    "user",
];

/// Where people find the shop on every machine.
const NODE_PORT: u64 = 30_001;

/// The namespace of everything.
const NAMESPACE: &str = "sock-shop";

/// What of the overlay `original` is not as the original's was.
pub(super) fn check(objects: &Objects) -> Vec<String> {
    let mut wrong: Vec<String> = NAMES
        .into_iter()
        .flat_map(|name| service(objects, name))
        .collect();
    let front = objects.find("Service", "front-end");
    let ports = front.map_or(&[][..], |front| list(front, "/spec/ports"));
    if !ports.iter().any(|port| port["nodePort"] == NODE_PORT) {
        wrong.push(format!("the shop is not on port {NODE_PORT}"));
    }
    wrong
}

fn service(objects: &Objects, name: &str) -> Vec<String> {
    let [service, deployment] = ["Service", "Deployment"].map(|kind| objects.find(kind, name));
    let Some((service, deployment)) = service.zip(deployment) else {
        return vec![format!("no Service and Deployment {name}")];
    };
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{name}: {what}"));
        }
    };
    for object in [service, deployment] {
        must(
            object["metadata"]["namespace"] == NAMESPACE,
            "another namespace",
        );
        must(
            object["metadata"]["labels"]["name"] == name,
            "no label `name`",
        );
    }
    let one_address = *at(service, "/spec/clusterIP") == Value::Null;
    must(one_address, "a name without an address maps no ports");
    let ports = list(service, "/spec/ports");
    must(ports.iter().any(|port| port["port"] == 80), "no port 80");
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shop() -> Objects {
        let meta =
            |name| json!({ "name": name, "namespace": "sock-shop", "labels": { "name": name } });
        let each = NAMES.into_iter().flat_map(|name| {
            let port =
                json!({ "port": 80, "nodePort": (name == "front-end").then_some(NODE_PORT) });
            [
                json!({ "kind": "Service", "metadata": meta(name), "spec": { "ports": [port] } }),
                json!({ "kind": "Deployment", "metadata": meta(name) }),
            ]
        });
        Objects(each.collect())
    }

    #[test]
    fn what_unchanged_files_of_the_original_rely_on_is_missed_when_it_is_not_there() {
        assert_eq!(check(&shop()), Vec::<String>::new());
        let changes = [
            ("/metadata/labels/name", json!("basket")),
            ("/metadata/namespace", json!("default")),
            ("/spec/ports/0/port", json!(8080)),
        ];
        for (place, value) in changes {
            let mut shop = shop();
            *shop.0[0].pointer_mut(place).unwrap() = value;
            assert_eq!(check(&shop).len(), 1, "{place}");
        }
        let mut headless = shop();
        headless.0[0]["spec"]["clusterIP"] = json!("None");
        assert_eq!(check(&headless).len(), 1);
        let mut elsewhere = shop();
        let mut services = elsewhere.0.iter_mut();
        let front = services.find(|one| !one["spec"]["ports"][0]["nodePort"].is_null());
        front.unwrap()["spec"]["ports"][0]["nodePort"] = json!(30_002);
        assert_eq!(check(&elsewhere).len(), 1);
    }
}
