//! What is written into a node's map, and read from others'.

use std::collections::BTreeMap;

use chitchat::{Chitchat, ChitchatId, NodeState};

use crate::crdt::{Entry, Key, Register, State};
use crate::node::Member;
use crate::record::Owner;

/// One entry of another node's map.
pub(super) struct Heard {
    pub(super) from: Owner,
    pub(super) key: String,
    pub(super) value: String,
}

/// What `me` has to write for `news` to be told: its own instances and all
/// policies.
pub(super) fn write(me: &Owner, news: &State) -> Vec<(String, String)> {
    let own = news.instances.iter().filter(|(key, _)| key.owner == *me);
    let instances = own.map(|(key, entry)| (instance_key(key), serde_json::to_string(entry)));
    let policies = news.policies.iter();
    let policies = policies
        .map(|(service, register)| (format!("policy/{service}"), serde_json::to_string(register)));
    instances
        .chain(policies)
        .filter_map(|(key, value)| Some((key, value.ok()?)))
        .collect()
}

/// The instances in the map of one node.
pub(super) fn keys_of(state: &NodeState) -> impl Iterator<Item = Key> {
    let from = owner(state.chitchat_id());
    state
        .key_values()
        .filter_map(move |(key, _)| read_key(from.clone(), key))
}

/// The policies in the map of one node.
pub(super) fn policies_of(state: &NodeState) -> impl Iterator<Item = Heard> {
    let from = owner(state.chitchat_id());
    let all = state.key_values();
    let policies = all.filter(|(key, _)| key.starts_with("policy/"));
    policies.map(move |(key, value)| Heard {
        from: from.clone(),
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

pub(super) fn owner(id: &ChitchatId) -> Owner {
    Owner {
        node: id.node_id.to_string(),
        run: id.generation_id,
    }
}

pub(super) fn members(chitchat: &Chitchat) -> Vec<Member> {
    let alive: Vec<_> = chitchat.live_nodes().collect();
    let ids = chitchat.node_states().keys();
    ids.map(|id| Member {
        owner: owner(id),
        gossip: id.gossip_advertise_addr,
        alive: alive.contains(&id),
    })
    .collect()
}

pub(super) fn instance_key(key: &Key) -> String {
    format!("instance/{}/{}", key.service, key.instance)
}

fn read_key(owner: Owner, key: &str) -> Option<Key> {
    let (service, instance) = key.strip_prefix("instance/")?.split_once('/')?;
    Some(Key {
        owner,
        service: service.to_owned(),
        instance: instance.to_owned(),
    })
}

/// What was heard, as one update. A node speaks only for its own instances: whose
/// they are is not in what it says, but in whose map it stands. What cannot be
/// read is from a later release, and left out.
pub(super) fn read(heard: impl Iterator<Item = Heard>) -> State {
    let mut instances: BTreeMap<Key, Entry> = BTreeMap::new();
    let mut policies: BTreeMap<String, Register> = BTreeMap::new();
    for Heard { from, key, value } in heard {
        if let Some(service) = key.strip_prefix("policy/") {
            if let Ok(register) = serde_json::from_str::<Register>(&value) {
                let known = policies.entry(service.to_owned());
                let known = known.or_insert_with(|| register.clone());
                *known = register.max(known.clone());
            }
        } else if let Some(key) = read_key(from, &key)
            && let Ok(entry) = serde_json::from_str::<Entry>(&value)
        {
            let known = instances.entry(key).or_insert_with(|| entry.clone());
            *known = entry.max(known.clone());
        }
    }
    State {
        instances,
        policies,
    }
}
