//! Where a scheduler may put the pods of one workload: its rule for topology
//! spread constraints (`PodTopologySpread`), followed on small clusters.
//!
//! Only constraints that forbid count here. A preference is one score among
//! many, and one with a key that a node does not have switches all of them off.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cluster::wanted;
use super::objects::{Objects, Pods, is_part, list, text};

/// A node: its labels, and whether a taint keeps pods away.
struct Node {
    labels: Value,
    tainted: bool,
}

/// Pairs that may share a node where there are two, and pods that no node would take.
pub(super) fn check(objects: &Objects) -> Vec<String> {
    let all = objects.pods().into_iter();
    let several = all.filter(|pods| pods.owner["kind"] == "Deployment");
    let several = several.map(|pods| (pods, wanted(objects, pods)));
    several
        .filter(|(_, count)| *count > 1)
        .flat_map(|(pods, count)| placed(pods, count))
        .collect()
}

fn placed(pods: Pods<'_>, count: u64) -> Vec<String> {
    let (plain, zoned) = (|name| node(name, None), |name, zone| node(name, Some(zone)));
    let lost = |mut node: Node| {
        node.tainted = true;
        node
    };
    let half = count.div_ceil(2);
    let clusters = [
        ("one node", vec![plain("a")], count),
        (
            "two nodes without zones",
            vec![plain("a"), plain("b")],
            half,
        ),
        ("two zones", vec![zoned("a", "x"), zoned("b", "y")], half),
        (
            "a zone on one node only",
            vec![zoned("a", "x"), plain("b")],
            half,
        ),
        (
            "two nodes, one lost",
            vec![plain("a"), lost(plain("b"))],
            count,
        ),
    ];
    let said = clusters.into_iter().filter_map(|(what, nodes, most)| {
        let found = match worst(pods, &nodes, count) {
            None => "a pod finds no node".to_owned(),
            Some(together) if together > most => {
                format!("{together} of {count} may share a node")
            }
            Some(_) => return None,
        };
        Some(format!("{}: on {what} {found}", pods.name()))
    });
    said.collect()
}

fn node(name: &str, zone: Option<&str>) -> Node {
    let mut labels = json!({ "kubernetes.io/hostname": name });
    if let Some(zone) = zone {
        labels["topology.kubernetes.io/zone"] = zone.into();
    }
    Node {
        labels,
        tainted: false,
    }
}

/// How many end up together when each pod goes to the fullest node it may go to; `None` when one may go nowhere.
fn worst(pods: Pods<'_>, nodes: &[Node], count: u64) -> Option<u64> {
    let mut there = vec![0; nodes.len()];
    for _ in 0..count {
        let open = (0..nodes.len()).filter(|&one| may(pods, nodes, &there, one));
        let fullest = open.max_by_key(|&one| there[one])?;
        there[fullest] += 1;
    }
    there.into_iter().max()
}

/// Whether node `one` passes the filter, with `there` pods of the same revision on each.
fn may(pods: Pods<'_>, nodes: &[Node], there: &[u64], one: usize) -> bool {
    let hard = list(pods.spec, "/topologySpreadConstraints").iter();
    let hard: Vec<_> = hard
        .filter(|rule| rule["whenUnsatisfiable"] == "DoNotSchedule")
        .collect();
    let has_all = |node: &Node| hard.iter().all(|rule| value(rule, node).is_some());
    !nodes[one].tainted
        && hard.iter().all(|rule| {
            let counts = is_part(&rule["labelSelector"]["matchLabels"], pods.labels);
            let mut domains = BTreeMap::<&str, u64>::new();
            for (node, pods) in nodes.iter().zip(there) {
                let left_out = node.tainted && rule["nodeTaintsPolicy"] == "Honor";
                if let Some(value) = value(rule, node).filter(|_| has_all(node) && !left_out) {
                    *domains.entry(value).or_default() += u64::from(counts) * pods;
                }
            }
            let least = domains.values().min().copied().unwrap_or_default();
            let here = value(rule, &nodes[one]).and_then(|value| domains.get(value));
            let most = rule["maxSkew"].as_u64().unwrap_or(1);
            here.is_some_and(|here| here + u64::from(counts) - least <= most)
        })
}

/// The domain of a node under a constraint.
fn value<'a>(rule: &Value, node: &'a Node) -> Option<&'a str> {
    node.labels[text(rule, "/topologyKey")].as_str()
}
