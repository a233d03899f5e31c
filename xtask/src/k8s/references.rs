//! Everything that is named is there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::objects::{Objects, Pods, at, is_part, list, name, text};

/// Made by people beforehand: `external-data` says how.
const GIVEN: &str = "stores";

/// Namespace of all objects.
const NAMESPACE: &str = "sock-shop";

/// Connections a pod may hold to PostgreSQL at once (`chassis::database`).
const POOL: u64 = 16;

/// What is named and is not there, or is there twice.
pub(super) fn check(objects: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for pods in objects.pods() {
        let found = [
            selector(pods),
            ports(pods),
            variables(objects, pods),
            volumes(objects, pods),
        ]
        .concat();
        let found = found.into_iter().chain(store(objects, pods));
        wrong.extend(found.map(|what| format!("{}: {what}", pods.name())));
    }
    wrong.extend(
        objects
            .of("Service")
            .flat_map(|service| ways(objects, service)),
    );
    wrong.extend(elsewhere(objects));
    wrong.extend(targets(objects));
    wrong.extend(backends(objects));
    wrong.extend(connections(objects));
    wrong
}

/// What would end up in whatever namespace a person happens to be in.
fn elsewhere(objects: &Objects) -> Vec<String> {
    let stray =
        |one: &&Value| one["kind"] != "Namespace" && one["metadata"]["namespace"] != NAMESPACE;
    let stray = objects.0.iter().filter(stray);
    stray
        .map(|one| format!("{}: not in the namespace {NAMESPACE}", name(one)))
        .collect()
}

fn selector(pods: Pods<'_>) -> Vec<String> {
    let selector = at(pods.owner, "/spec/selector/matchLabels");
    let labels = ["name", "app.kubernetes.io/name"];
    let named = labels
        .iter()
        .all(|label| pods.labels[label] == *name(pods.owner));
    let mut wrong = Vec::new();
    if pods.owner["kind"] != "Job" && !is_part(selector, pods.labels) {
        wrong.push("does not select its own pods".to_owned());
    }
    if !named {
        wrong.push("its pods do not carry its name".to_owned());
    }
    wrong
}

/// Probes ask at ports that have a name, and so do those who measure.
fn ports(pods: Pods<'_>) -> Vec<String> {
    let probes = ["startupProbe", "livenessProbe", "readinessProbe"];
    let containers = pods.containers().iter();
    let asked = containers.flat_map(|one| probes.map(|probe| at(&one[probe], "/httpGet/port")));
    let unknown = asked.filter(|port| !port.is_null() && pods.port(port).is_none());
    let mut wrong: Vec<_> = unknown
        .map(|port| format!("a probe asks at port {port}"))
        .collect();
    let scraped = at(
        pods.owner,
        "/spec/template/metadata/annotations/prometheus.io~1port",
    );
    let admin = pods.port(&"admin".into()).map(|port| port.to_string());
    if scraped.as_str() != admin.as_deref() {
        wrong.push(format!("metrics are said to be at {scraped}"));
    }
    for (variable, port) in [("PORT", "shop"), ("ADMIN_PORT", "admin")] {
        let set = pods
            .variable(variable)
            .map(|one| text(one, "/value").parse().ok());
        if set.is_some_and(|set| set != pods.port(&port.into())) {
            wrong.push(format!("{variable} is not the port called {port}"));
        }
    }
    wrong
}

fn variables(objects: &Objects, pods: Pods<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for variable in list(pods.spec, "/containers/0/env") {
        let value = text(variable, "/value");
        let used = value
            .split("$(")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(')')?.0));
        wrong.extend(
            used.filter(|used| !known.contains(used))
                .map(|used| format!("$({used}) is not set yet")),
        );
        if !known.insert(name_of(variable)) {
            wrong.push(format!("{} is set twice", name_of(variable)));
        }
        let source = at(variable, "/valueFrom/secretKeyRef");
        if !source.is_null() && !has_key(objects, "Secret", source) {
            wrong.push(format!(
                "{} comes from nowhere: {source}",
                name_of(variable)
            ));
        }
    }
    wrong
}

fn name_of(value: &Value) -> &str {
    text(value, "/name")
}

fn has_key(objects: &Objects, kind: &str, source: &Value) -> bool {
    let Some(found) = objects.find(kind, name_of(source)) else {
        return name_of(source) == GIVEN && objects.find("StatefulSet", "postgres").is_none();
    };
    !found["data"][text(source, "/key")].is_null()
}

fn volumes(objects: &Objects, pods: Pods<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut there: BTreeSet<&str> = list(pods.spec, "/volumes").iter().map(name_of).collect();
    there.extend(
        list(pods.owner, "/spec/volumeClaimTemplates")
            .iter()
            .map(name),
    );
    for volume in list(pods.spec, "/volumes") {
        for (kind, from) in [
            ("Secret", "/secret/secretName"),
            ("ConfigMap", "/configMap/name"),
        ] {
            let from = text(volume, from);
            if !from.is_empty() && objects.find(kind, from).is_none() {
                wrong.push(format!("there is no {kind} {from}"));
            }
        }
    }
    let mounts = pods
        .containers()
        .iter()
        .flat_map(|one| list(one, "/volumeMounts"));
    let missing = mounts
        .map(name_of)
        .filter(|mounted| !there.contains(mounted));
    wrong.extend(missing.map(|mounted| format!("there is no volume {mounted}")));
    wrong
}

/// A store in a pod is never doubled; one outside may be.
fn store(objects: &Objects, pods: Pods<'_>) -> Option<String> {
    let keeps = !["queue-master", "meshd", "load-test", "postgres", "redis"].contains(&pods.name());
    let outside = ["DATABASE_URL", "SESSION_STORE"]
        .iter()
        .any(|url| pods.variable(url).is_some());
    if !keeps {
        return None;
    }
    let scaled = ["HorizontalPodAutoscaler", "ScaledObject", "Rollout"];
    let scaled = scaled
        .iter()
        .any(|kind| objects.find(kind, pods.name()).is_some());
    let alone =
        pods.owner["spec"]["replicas"] == 1 && pods.owner["spec"]["strategy"]["type"] == "Recreate";
    let mounted = list(pods.spec, "/containers/0/volumeMounts")
        .iter()
        .any(|one| one["mountPath"] == "/data");
    match outside {
        false if !alone || scaled => Some("two pods could get two stores".to_owned()),
        false if !mounted => Some("its store has no place to be".to_owned()),
        true if mounted => Some("it has a store inside, too".to_owned()),
        true if pods.owner["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0 => {
            Some("an update would leave too few".to_owned())
        }
        _ => None,
    }
}

/// A Service leads to pods, and to ports they have.
fn ways(objects: &Objects, service: &Value) -> Vec<String> {
    let selected = objects.selected(at(service, "/spec/selector"));
    if selected.is_empty() && service["spec"]["selector"]["track"] != "canary" {
        return vec![format!("Service {} selects nothing", name(service))];
    }
    let mut wrong = Vec::new();
    for pods in selected {
        for port in list(service, "/spec/ports") {
            if pods.port(&port["targetPort"]).is_none() {
                wrong.push(format!(
                    "Service {}: {} has no port {}",
                    name(service),
                    pods.name(),
                    port["targetPort"]
                ));
            }
        }
    }
    let ours = objects.find("Deployment", name(service)).is_some();
    let found = list(service, "/spec/ports")
        .iter()
        .any(|port| port["name"] == "shop");
    if ours && !found && !["front-end", "queue-master"].contains(&name(service)) {
        wrong.push(format!(
            "Service {} has no port called shop: nobody would find it",
            name(service)
        ));
    }
    wrong
}

/// Budgets, autoscalers and rollouts are about something.
fn targets(objects: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for budget in objects.of("PodDisruptionBudget") {
        if objects
            .selected(at(budget, "/spec/selector/matchLabels"))
            .is_empty()
        {
            wrong.push(format!("the budget {} is of nobody", name(budget)));
        }
    }
    let places = [
        ("HorizontalPodAutoscaler", "/spec/scaleTargetRef"),
        ("ScaledObject", "/spec/scaleTargetRef"),
        ("Rollout", "/spec/workloadRef"),
    ];
    for (kind, place) in places {
        for object in objects.of(kind) {
            let target = at(object, place);
            if objects
                .find(text(target, "/kind"), name_of(target))
                .is_none()
            {
                wrong.push(format!("{kind} {} is of nobody", name(object)));
            }
            let fixed = objects
                .find("Deployment", name_of(target))
                .map(|one| &one["spec"]["replicas"]);
            if kind != "Rollout"
                && target["kind"] == "Deployment"
                && fixed.is_some_and(|fixed| !fixed.is_null())
            {
                wrong.push(format!(
                    "{kind} {} and its Deployment both say how many",
                    name(object)
                ));
            }
        }
    }
    wrong
}

/// Ways in lead to Services that are there.
fn backends(objects: &Objects) -> Vec<String> {
    let mut all = Vec::new();
    for ingress in objects.of("Ingress") {
        let paths = list(ingress, "/spec/rules")
            .iter()
            .flat_map(|rule| list(rule, "/http/paths"));
        all.extend(paths.map(|path| {
            (
                at(path, "/backend/service"),
                at(path, "/backend/service/port/name"),
            )
        }));
    }
    for route in objects.of("HTTPRoute") {
        let backends = list(route, "/spec/rules")
            .iter()
            .flat_map(|rule| list(rule, "/backendRefs"));
        all.extend(backends.map(|one| (one, &one["port"])));
    }
    let is_there = |(service, port): &(&Value, &Value)| {
        let service = objects.find("Service", name_of(service));
        let ports = service.map_or(&[][..], |service| list(service, "/spec/ports"));
        ports
            .iter()
            .any(|one| one["name"] == **port || one["port"] == **port)
    };
    let missing = all.iter().filter(|backend| !is_there(backend));
    missing
        .map(|(service, port)| format!("there is no way to {service} at {port}"))
        .collect()
}

/// PostgreSQL takes as many connections as all pods there may ever be.
fn connections(objects: &Objects) -> Option<String> {
    let postgres = objects.find("StatefulSet", "postgres")?;
    let flags = list(postgres, "/spec/template/spec/containers/0/args");
    let most = flags
        .iter()
        .find_map(|flag| flag.as_str()?.strip_prefix("max_connections="));
    let most: u64 = most.and_then(|most| most.parse().ok()).unwrap_or(100);
    let clients = objects.pods().into_iter().filter(|pods| {
        pods.variable("DATABASE_URL")
            .is_some_and(|url| text(url, "/value").starts_with("postgres:"))
    });
    let pods: u64 = clients
        .map(|pods| {
            let scaler = objects.find("HorizontalPodAutoscaler", pods.name());
            let most = scaler.map_or(
                &pods.owner["spec"]["replicas"],
                |one| &one["spec"]["maxReplicas"],
            );
            most.as_u64().unwrap_or(1) + 1
        })
        .sum();
    (pods * POOL > most)
        .then(|| format!("{pods} pods may want more than {most} connections to PostgreSQL"))
}
