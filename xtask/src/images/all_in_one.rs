//! All-in-one image test: the complete shop in one container, under the strictest settings.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::tag;
use crate::docker::{Container, docker};
use crate::wait::{page, until};
use crate::{servers, sh};

/// What the shop says once it is open.
const SAYS: &str = "http://127.0.0.1:8080";

/// Opens the shop, looks at its page, and closes it.
pub(super) fn try_out() -> anyhow::Result<()> {
    let port = servers::free_port()?;
    let mut run = docker(&["run", "--detach", "--read-only", "--cap-drop=ALL"]);
    run.args(["--security-opt=no-new-privileges", "--tmpfs=/data"]);
    run.args(["--publish", &format!("127.0.0.1:{port}:8080")]);
    let shop = Container(sh::read(run.arg(tag("sockshop")))?);
    let url = format!("http://127.0.0.1:{port}/");
    until(
        "the page of the whole shop",
        Duration::from_secs(30),
        || page(&url).ok().filter(|text| text.contains("Holy")),
    )?;
    until(
        "the whole shop to be healthy",
        Duration::from_secs(30),
        || (shop.inspect("{{.State.Health.Status}}").ok()? == "healthy").then_some(()),
    )?;
    let said = shop.logs()?;
    ensure!(said.contains(SAYS), "the shop does not say {SAYS}: {said}");
    let ended = shop.stop().context("the shop does not end")?;
    ensure!(ended == "0", "the shop ended with exit code {ended}");
    println!("the whole shop in one container: opens, sells, drains; read-only, no capabilities");
    Ok(())
}
