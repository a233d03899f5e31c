//! Waiting until the mesh knows everybody.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::probe;
use crate::service::Service;
use crate::state::Entry;

/// Interval between two polls of a mesh node that starts.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What a mesh node knows, as far as it matters here.
#[derive(Deserialize)]
struct Known {
    instances: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    instance: String,
    phase: String,
}

/// Returns once every mesh node among `entries` answers with all those of them
/// that are of the shop.
pub(crate) async fn until_known(entries: &[Entry]) {
    let is_node = |entry: &&Entry| entry.service == Service::Meshd;
    for node in entries.iter().filter(is_node) {
        while !knows(node, entries.iter().filter(|entry| !is_node(entry))).await {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

async fn knows(node: &Entry, mut all: impl Iterator<Item = &Entry>) -> bool {
    let admin = SocketAddr::new(node.address, node.admin_port);
    let Ok(url) = format!("http://{admin}/state").parse() else {
        return false;
    };
    let Ok(answer) = probe::get(&url, Duration::from_secs(1)).await else {
        return false;
    };
    let Ok(known) = serde_json::from_str::<Known>(&answer.body) else {
        return false;
    };
    all.all(|entry| {
        let mut serving = known.instances.iter().filter(|one| one.phase == "serving");
        serving.any(|one| one.instance == entry.instance)
    })
}
