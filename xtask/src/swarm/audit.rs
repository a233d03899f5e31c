//! Runs the audit as a Swarm job attached to the zones it reads.

use std::time::Duration;

use anyhow::ensure;

use super::load::count;
use super::shop::Shop;
use crate::images;
use crate::wait::until;

/// How long the audit may take.
const AUDIT_TIMEOUT: Duration = Duration::from_secs(120);

/// A job beside those it asks.
const JOB: &str = "service create --detach --quiet --no-resolve-image --name audit \
    --mode replicated-job --restart-condition none --no-healthcheck \
    --constraint node.role==manager --network sock-shop_secure --network sock-shop_backoffice \
    --env TMPDIR=/data --env ORDERS_URL=http://orders:8080 \
    --env PAYMENT_URL=http://payment:8080 --env SHIPPING_URL=http://shipping:8080 --mount";

/// Swarm forgets a job that is removed, but not its container.
const PRUNE: [&str; 5] = [
    "container",
    "prune",
    "--force",
    "--filter",
    "label=com.docker.swarm.service.name=audit",
];

/// Fails unless every order is what its client was told, as the file `journal` has it.
pub(crate) fn must_be_clean(shop: &Shop<'_>, journal: &str) -> anyhow::Result<()> {
    let orders = count(journal);
    ensure!(orders > 0, "nobody bought anything");
    let node = shop.manager();
    let mount = format!("type=bind,source={journal},target=/journal.jsonl,readonly");
    let image = images::tag("sockshop");
    let audit = [&mount, &image, "audit", "--journal", "/journal.jsonl"];
    node.read(&JOB.split_whitespace().chain(audit).collect::<Vec<_>>())?;
    let state = ["service", "ps", "--format", "{{.CurrentState}}", "audit"];
    let state = until("the audit", AUDIT_TIMEOUT, || {
        let state = node.read(&state).ok()?;
        let ended = ["Complete", "Failed", "Rejected"];
        ended
            .iter()
            .any(|end| state.starts_with(end))
            .then_some(state)
    })?;
    let said = node.read(&["service", "logs", "--raw", "audit"])?;
    node.read(&["service", "rm", "audit"])?;
    node.read(&PRUNE)?;
    println!("audit of {orders} orders: {state}\n{said}");
    ensure!(state.starts_with("Complete"), "promises were broken");
    Ok(())
}
