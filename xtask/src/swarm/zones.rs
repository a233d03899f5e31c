//! The four zones: who shares one is reached, and nobody else.

use std::process::Stdio;

use anyhow::{Context, ensure};

use super::shop::Shop;

/// Every service that listens, and the zones it is in, as the original laid them out.
/// `orders` is in `external` too: it asks the catalogue for prices and believes no client.
const ZONES: [(&str, &[&str]); 9] = [
    ("front-end", &["external", "internal", "secure"]),
    ("catalogue", &["external"]),
    ("carts", &["internal"]),
    ("orders", &["external", "internal", "secure", "backoffice"]),
    ("payment", &["secure"]),
    ("user", &["secure"]),
    ("shipping", &["backoffice"]),
    ("queue-master", &["backoffice"]),
    ("meshd", &["external", "internal", "secure", "backoffice"]),
];

/// Tries a connection, to end within a second.
const CONNECT: &str = "timeout 1 bash -c \"</dev/tcp/$1/$2\"";

/// Tries every service against every address of every other.
pub(super) fn isolate(shop: &Shop<'_>) -> anyhow::Result<()> {
    let (mut reached, mut refused) = (0, 0);
    for (from, zones) in ZONES {
        for (to, theirs) in ZONES {
            for zone in theirs {
                let address = address(shop, to, zone)?;
                let expected = zones.contains(zone);
                let got = connects(shop, from, &address, 8080)?;
                ensure!(
                    got == expected,
                    "{from} to {to} in {zone}: {got}, not {expected}"
                );
                *(if got { &mut reached } else { &mut refused }) += 1;
            }
        }
        ensure!(
            connects(shop, from, shop.manager().address, 2377)? == zones.contains(&"external"),
            "only who is in the zone external may reach the nodes: {from}"
        );
    }
    println!("zones: {reached} connections within one, {refused} across zones that failed");
    Ok(())
}

/// The address of `service` in `zone`.
fn address(shop: &Shop<'_>, service: &str, zone: &str) -> anyhow::Result<String> {
    let node = shop.manager();
    let id = one(shop, service)?;
    let network = format!("sock-shop_{zone}");
    let format = format!("{{{{(index .NetworkSettings.Networks {network:?}).IPAddress}}}}");
    node.read(&["inspect", "--format", &format, &id])
}

/// A container of `service` on the manager.
fn one(shop: &Shop<'_>, service: &str) -> anyhow::Result<String> {
    let ids = shop.manager().containers(service)?;
    ids.into_iter()
        .next()
        .with_context(|| format!("no {service} runs on the manager"))
}

fn connects(shop: &Shop<'_>, from: &str, address: &str, port: u16) -> anyhow::Result<bool> {
    let mut connect = shop.manager().inside_container(&one(shop, from)?, "sh")?;
    connect.args(["-c", CONNECT, "sh", address, &port.to_string()]);
    let status = connect
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(status.success())
}
