//! What the network policies allow, worked out pod by pod as Kubernetes does,
//! and held against who calls whom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Calls;
use super::objects::{Objects, Pods, at, is_part, list};

/// Every port that anybody but a probe may want.
const PORTS: [(u64, &str); 8] = [
    (8080, "TCP"),
    (9090, "TCP"),
    (5432, "TCP"),
    (6379, "TCP"),
    (8053, "TCP"),
    (8053, "UDP"),
    (7946, "UDP"),
    (80, "TCP"),
];

/// From whom, to whom, at which port.
type Edge = (String, String, u64, &'static str);

/// Edges that are missing or too many. Without policies there is nothing to hold.
pub(super) fn check(objects: &Objects, calls: &Calls) -> Vec<String> {
    if objects.of("NetworkPolicy").next().is_none() {
        return Vec::new();
    }
    let wanted = wanted(objects, calls);
    let mut wrong = outside(objects);
    for side in ["Ingress", "Egress"] {
        let (allowed, wanted) = (allowed(objects, side), on(&wanted, side));
        let missing = wanted
            .difference(&allowed)
            .map(|edge| ("not allowed", edge));
        let extra = allowed
            .difference(&wanted)
            .map(|edge| ("allowed for nothing", edge));
        for (what, (from, to, port, protocol)) in missing.chain(extra) {
            wrong.push(format!(
                "{side} {what}: {from} to {to} at {port}/{protocol}"
            ));
        }
    }
    wrong
}

/// The front-end's door is open to everybody: who enters there is nobody's to hold.
fn on(wanted: &BTreeSet<Edge>, side: &str) -> BTreeSet<Edge> {
    let held = wanted
        .iter()
        .filter(|edge| side == "Egress" || !is_door(edge));
    held.cloned().collect()
}

fn is_door((_, to, port, _): &Edge) -> bool {
    to == "front-end" && *port == 8080
}

/// Who needs whom: calls, stores, the mesh, and visitors.
fn wanted(objects: &Objects, calls: &Calls) -> BTreeSet<Edge> {
    let pods = objects.pods();
    let names: BTreeSet<&str> = pods.iter().map(Pods::name).collect();
    let mut wanted = BTreeSet::new();
    let mut want = |from: &str, to: &str, port, protocol| {
        if names.contains(to) {
            wanted.insert((from.to_owned(), to.to_owned(), port, protocol));
        }
    };
    for from in &pods {
        let name = from.name();
        for to in calls.get(name).into_iter().flatten() {
            want(name, to, 8080, "TCP");
        }
        let store = from
            .variable("DATABASE_URL")
            .or(from.variable("SESSION_STORE"));
        match store.and_then(|store| store["value"].as_str()?.split_once(':')) {
            Some(("postgres", _)) => want(name, "postgres", 5432, "TCP"),
            Some(("redis", _)) => want(name, "redis", 6379, "TCP"),
            _ => {}
        }
        if calls.contains_key(name) {
            for (port, protocol) in [(8080, "TCP"), (8053, "TCP"), (8053, "UDP")] {
                want(name, "meshd", port, protocol);
            }
        }
        if name == "load-test" {
            want(name, "front-end", 8080, "TCP");
        }
    }
    want("meshd", "meshd", 7946, "UDP");
    wanted
}

/// What one side alone lets through.
fn allowed(objects: &Objects, side: &str) -> BTreeSet<Edge> {
    let pods = objects.pods();
    let mut allowed = BTreeSet::new();
    for from in &pods {
        for to in &pods {
            for (port, protocol) in PORTS {
                let passes = match side {
                    "Egress" => may(
                        objects,
                        (from, "Egress", "egress", "to"),
                        Some(to),
                        port,
                        protocol,
                    ),
                    _ => may(
                        objects,
                        (to, "Ingress", "ingress", "from"),
                        Some(from),
                        port,
                        protocol,
                    ),
                };
                if passes {
                    allowed.insert((from.name().to_owned(), to.name().to_owned(), port, protocol));
                }
            }
        }
    }
    allowed.retain(|edge| side == "Egress" || !is_door(edge));
    allowed
}

/// Everybody may ask DNS, and everybody from outside may enter the front-end and nothing else.
fn outside(objects: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for pods in objects.pods() {
        let open = may(
            objects,
            (&pods, "Ingress", "ingress", "from"),
            None,
            8080,
            "TCP",
        );
        if open != (pods.name() == "front-end") {
            wrong.push(format!(
                "{} is {} to visitors",
                pods.name(),
                if open { "open" } else { "closed" }
            ));
        }
        for protocol in ["UDP", "TCP"] {
            let rules = rules(objects, &pods, "Egress", "egress");
            let dns = |rule: &&Value| {
                let there = list(rule, "/to").iter().any(|peer| {
                    let place = at(
                        peer,
                        "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name",
                    );
                    place == "kube-system"
                });
                there && is_among(rule, 53, protocol)
            };
            if !rules.iter().flatten().any(dns) {
                wrong.push(format!(
                    "{} may not ask for names over {protocol}",
                    pods.name()
                ));
            }
        }
    }
    wrong
}

/// Which pods, in which direction, in which list, under which key.
type Side<'a> = (&'a Pods<'a>, &'static str, &'static str, &'static str);

/// Whether one side lets the other through; no `peer` is anybody from elsewhere.
fn may(
    objects: &Objects,
    (pods, direction, key, way): Side<'_>,
    peer: Option<&Pods<'_>>,
    port: u64,
    protocol: &str,
) -> bool {
    let Some(rules) = rules(objects, pods, direction, key) else {
        return true;
    };
    rules.into_iter().any(|rule| {
        let peers = rule.get(way).and_then(Value::as_array);
        let is_meant = peers.is_none_or(|peers| peers.iter().any(|one| means(one, peer)));
        is_meant && is_among(rule, port, protocol)
    })
}

/// The rules for these pods; `None` when no policy is about them.
fn rules<'a>(
    objects: &'a Objects,
    pods: &Pods<'_>,
    direction: &str,
    key: &str,
) -> Option<Vec<&'a Value>> {
    let policies = objects.of("NetworkPolicy").filter(|policy| {
        let types = list(policy, "/spec/policyTypes");
        types.iter().any(|one| one == direction)
            && selects(at(policy, "/spec/podSelector"), pods.labels)
    });
    let policies: Vec<_> = policies.collect();
    let rules = policies
        .iter()
        .flat_map(|policy| list(&policy["spec"], &format!("/{key}")));
    (!policies.is_empty()).then(|| rules.collect())
}

/// Whether `peer` is meant: a pod of our own namespace, or nobody we know.
fn means(selector: &Value, peer: Option<&Pods<'_>>) -> bool {
    let near = selector["namespaceSelector"].is_null() && selector["ipBlock"].is_null();
    near && peer.is_some_and(|peer| selects(&selector["podSelector"], peer.labels))
}

fn is_among(rule: &Value, port: u64, protocol: &str) -> bool {
    let ports = rule.get("ports").and_then(Value::as_array);
    ports.is_none_or(|ports| {
        ports
            .iter()
            .any(|one| one["port"] == port && one["protocol"].as_str().unwrap_or("TCP") == protocol)
    })
}

/// Whether a selector means pods with these labels; an empty one means all.
fn selects(selector: &Value, labels: &Value) -> bool {
    let exact = &selector["matchLabels"];
    let exact = exact.is_null() || *exact == json!({}) || is_part(exact, labels);
    let rest = list(selector, "/matchExpressions").iter().all(|one| {
        let label = &labels[one["key"].as_str().unwrap_or_default()];
        one["operator"] == "In" && list(one, "/values").contains(label)
    });
    exact && rest
}
