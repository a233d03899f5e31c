//! Everything a node knows, as JSON and as gRPC shows it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::routing::get;
use axum::{Json, Router};
use proto::mesh as pb;
use serde::Serialize;

use crate::crdt::Register;
use crate::node::Node;
use crate::record::Phase;

/// Everything a node knows.
#[derive(Debug, Serialize)]
pub struct Snapshot {
    members: Vec<Member>,
    instances: Vec<Instance>,
    policies: BTreeMap<String, Register>,
}

#[derive(Debug, Serialize)]
struct Member {
    node: String,
    gossip: SocketAddr,
    alive: bool,
    me: bool,
    instances: usize,
}

#[derive(Debug, Serialize)]
struct Instance {
    service: String,
    version: String,
    #[serde(rename = "instance")]
    name: String,
    address: IpAddr,
    port: u16,
    phase: Phase,
    node: String,
    weight: u32,
}

/// `GET /state`, for the admin port.
pub fn routes(node: Node) -> Router {
    let show = move || async move { Json(Snapshot::of(&node)) };
    Router::new().route("/state", get(show))
}

impl Snapshot {
    /// What `node` knows now.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let mut instances = Vec::new();
        for (service, known) in node.view().services() {
            instances.extend(known.instances.iter().map(|endpoint| Instance {
                service: service.clone(),
                version: endpoint.instance.version.clone(),
                name: endpoint.name.clone(),
                address: endpoint.instance.address,
                port: endpoint.instance.port,
                phase: endpoint.instance.phase,
                node: endpoint.node.clone(),
                weight: endpoint.weight,
            }));
        }
        let members = node.members().into_iter().map(|member| Member {
            instances: instances
                .iter()
                .filter(|instance| member.alive && instance.node == member.owner.node)
                .count(),
            me: member.owner == *node.me(),
            node: member.owner.node,
            gossip: member.gossip,
            alive: member.alive,
        });
        let members = members.collect();
        let mut policies = node.with_state(|state| state.policies.clone());
        policies.retain(|_, register| !register.policy.0.is_empty());
        Self {
            members,
            instances,
            policies,
        }
    }
}

impl From<Snapshot> for pb::GetStateResponse {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            members: snapshot.members.into_iter().map(Into::into).collect(),
            instances: snapshot.instances.into_iter().map(Into::into).collect(),
            policies: snapshot
                .policies
                .into_iter()
                .map(|(service, register)| policy(service, register))
                .collect(),
        }
    }
}

impl From<Member> for pb::Member {
    fn from(member: Member) -> Self {
        Self {
            node: member.node,
            gossip: member.gossip.to_string(),
            alive: member.alive,
            me: member.me,
            instances: u32::try_from(member.instances).unwrap_or(u32::MAX),
        }
    }
}

impl From<Instance> for pb::Instance {
    fn from(instance: Instance) -> Self {
        let phase = match instance.phase {
            Phase::Starting => pb::Phase::Starting,
            Phase::Serving => pb::Phase::Serving,
            Phase::Draining => pb::Phase::Draining,
        };
        Self {
            service: instance.service,
            version: instance.version,
            instance: instance.name,
            address: instance.address.to_string(),
            port: instance.port.into(),
            phase: phase.into(),
            node: instance.node,
            weight: instance.weight,
        }
    }
}

/// A policy as gRPC shows it.
#[must_use]
pub fn policy(service: String, register: Register) -> pb::Policy {
    let weights = register.policy.0.into_iter();
    pb::Policy {
        service,
        weights: weights.map(|(version, w)| (version, w.into())).collect(),
        at_ms: i64::try_from(register.stamp.at_ms).unwrap_or(i64::MAX),
        node: register.stamp.node,
    }
}
