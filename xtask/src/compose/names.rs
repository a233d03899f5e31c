//! Checks which service answers under which DNS name.

use anyhow::Context;

use super::project::Project;

/// What the original's containers and visitors ask for (contract page
/// `deployment.md`).
const ORIGINAL: [&str; 11] = [
    "http://catalogue/catalogue",
    "http://catalogue/health",
    "http://carts/health",
    "http://cart/health",
    "http://orders/health",
    "http://payment/health",
    "http://user/health",
    "http://shipping/health",
    "http://queue-master/health",
    "http://front-end:8079/catalogue",
    "http://edge-router/catalogue",
];

/// What `edge-router.yaml` tells Traefik to ask for.
const EDGE: [&str; 2] = ["http://front-end:8080/", "http://front-end:9090/readyz"];

/// Asks for what the original's containers ask for.
pub(super) fn original(shop: &Project<'_>) -> anyhow::Result<()> {
    all(shop, &ORIGINAL)
}

/// Asks for what Traefik would.
pub(super) fn edge(shop: &Project<'_>) -> anyhow::Result<()> {
    all(shop, &EDGE)
}

fn all(shop: &Project<'_>, urls: &[&str]) -> anyhow::Result<()> {
    for url in urls {
        shop.ask(url)
            .with_context(|| format!("nobody answers {url}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::project::file;
    use super::*;

    #[test]
    fn traefik_is_told_to_ask_what_we_ask() {
        let told = std::fs::read_to_string(file("edge-router")).unwrap();
        assert!(told.contains(&format!("url: {:?}", EDGE[0].trim_end_matches('/'))));
        assert!(told.contains("path: /readyz, port: 9090"));
    }
}
