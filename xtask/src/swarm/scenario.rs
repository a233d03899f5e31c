//! What happens to a stack, and what its visitors notice of it.

use std::time::Duration;

use anyhow::ensure;

use super::cluster::{BAD, GOOD};
use super::load::{Load, load};
use super::shop::Shop;
use crate::sh;
use crate::wait::until;

/// How long an update, a rollback or a move may take.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(300);

/// All that is updated by starting the new task first.
pub(super) const BEHIND_THE_DOOR: [&str; 8] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "meshd",
];

/// A second version of a service, as `README.md` says.
const BESIDE: &str = "service create --detach --quiet --no-resolve-image \
    --name sock-shop_catalogue-v2 --endpoint-mode dnsrr --network sock-shop_external \
    --constraint node.labels.sock-shop.stores==here \
    --secret source=sock-shop-mesh-catalogue,target=mesh-credential \
    --env MESH=meshd:8080 --env MESH_DNS=meshd:8053 \
    --env MESH_CREDENTIAL_FILE=/run/secrets/mesh-credential \
    --mount type=volume,source=sock-shop_catalogue,target=/data \
    --read-only --cap-drop ALL --limit-memory 64M --stop-grace-period 15s";

/// Sells socks to the visitors of the original's load test.
pub(super) fn sell(shop: &Shop<'_>, url: &str) -> anyhow::Result<()> {
    sh::run(&mut load(shop, url, "10s"))
}

/// A task that is killed is replaced, and what it kept is still there.
pub(super) fn replace_a_killed_task(shop: &Shop<'_>) -> anyhow::Result<()> {
    let node = shop.manager();
    let before = node.containers("orders")?;
    let [killed] = before.as_slice() else {
        anyhow::bail!("not one orders, but {}", before.len());
    };
    node.read(&["kill", killed])?;
    until(
        "another task in place of the killed one",
        UPDATE_TIMEOUT,
        || {
            let now = node.containers("orders").ok()?;
            (now.len() == 1 && now != before && shop.is_whole()).then_some(())
        },
    )?;
    println!("orders was killed and replaced");
    sell(shop, &shop.door())
}

/// Brings `services` to another release, one task after the other, and no request fails.
pub(super) fn update(shop: &Shop<'_>, url: &str, services: &[&str]) -> anyhow::Result<()> {
    let load = Load::start(shop, url)?;
    for service in services {
        set_image(shop, service, GOOD)?;
    }
    for service in services {
        settled(shop, service, "completed")?;
    }
    load.stop_clean(&format!("the update of {}", services.join(", ")))
}

/// A release that never becomes healthy is taken back by Swarm itself, and no request fails.
pub(super) fn roll_back(shop: &Shop<'_>, url: &str, service: &str) -> anyhow::Result<()> {
    let image = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
    let before = shop.inspect(service, image)?;
    let load = Load::start(shop, url)?;
    set_image(shop, service, BAD)?;
    settled(shop, service, "rollback_completed")?;
    load.stop_clean(&format!("the rollback of {service}"))?;
    let after = shop.inspect(service, image)?;
    ensure!(
        before == after && !after.ends_with(BAD),
        "{service} is {after}, not {before}"
    );
    until("every task to be healthy", UPDATE_TIMEOUT, || {
        shop.is_whole().then_some(())
    })
}

fn set_image(shop: &Shop<'_>, service: &str, version: &str) -> anyhow::Result<()> {
    let image = format!("sockshop/{service}:{version}");
    let name = format!("sock-shop_{service}");
    let update = [
        "service",
        "update",
        "--detach",
        "--quiet",
        "--no-resolve-image",
        "--image",
    ];
    shop.manager()
        .read(&[&update[..], &[&image, &name]].concat())?;
    Ok(())
}

fn settled(shop: &Shop<'_>, service: &str, state: &str) -> anyhow::Result<()> {
    let format = "{{with .UpdateStatus}}{{.State}}{{end}}";
    until(&format!("{service} to be {state}"), UPDATE_TIMEOUT, || {
        (shop.inspect(service, format).ok()? == state).then_some(())
    })
}

/// A second version runs beside the first, as `README.md` says, and goes again.
pub(super) fn run_beside(shop: &Shop<'_>) -> anyhow::Result<()> {
    let node = shop.manager();
    let load = Load::start(shop, &shop.door())?;
    let image = format!("sockshop/catalogue:{GOOD}");
    let create = BESIDE.split_whitespace().chain([image.as_str()]);
    node.read(&create.collect::<Vec<_>>())?;
    until("a healthy catalogue-v2", UPDATE_TIMEOUT, || {
        let [id] = node.containers("catalogue-v2").ok()?.try_into().ok()?;
        let health = node.read(&["inspect", "--format", "{{.State.Health.Status}}", &id]);
        (health.ok()? == "healthy").then_some(())
    })?;
    node.read(&["service", "rm", "sock-shop_catalogue-v2"])?;
    until("catalogue-v2 to go", UPDATE_TIMEOUT, || {
        node.containers("catalogue-v2")
            .ok()?
            .is_empty()
            .then_some(())
    })?;
    load.stop_clean("a second catalogue beside the first")
}

/// Empties a node: its tasks move, and no request fails.
pub(super) fn drain_a_node(shop: &Shop<'_>, url: &str) -> anyhow::Result<()> {
    let [manager, worker] = &shop.cluster.nodes;
    let load = Load::start(shop, url)?;
    manager.read(&["node", "update", "--availability", "drain", worker.name])?;
    until("the tasks to move", UPDATE_TIMEOUT, || {
        let left = worker.read(&["ps", "--quiet"]).ok()?;
        let moved = BEHIND_THE_DOOR[..7]
            .iter()
            .all(|service| manager.containers(service).is_ok_and(|ids| ids.len() == 2));
        (left.is_empty() && moved).then_some(())
    })?;
    load.stop_clean("the move from a drained node")?;
    manager.read(&["node", "update", "--availability", "active", worker.name])?;
    until("every task to be healthy", UPDATE_TIMEOUT, || {
        shop.is_whole().then_some(())
    })
}
