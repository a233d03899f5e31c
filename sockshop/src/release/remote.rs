//! Releases of a shop whose processes are out of reach, but whose platform runs
//! commands beside or inside them: every image holds `/sockshop`, and every
//! process of a shop with a mesh has in its environment what the mesh is
//! reached by.

use std::cell::Cell;
use std::collections::BTreeMap;

use ::release::{Instance, Shares, Strategy, Target};
use anyhow::{Context, ensure};
use chassis::clock;
use futures_util::future::{join_all, try_join_all};

use super::first_question;

/// An order may be undecided for so long after it was placed, in milliseconds.
const UNDECIDED: i64 = 60_000;

/// What is different from platform to platform.
pub(super) trait Platform {
    /// Name of the platform on the command line.
    const NAME: &'static str;

    /// What `/sockshop WORDS` prints, run for `instance` of `service`.
    async fn ask(&self, service: &str, instance: &str, words: &[&str]) -> anyhow::Result<String>;

    /// The same, for words that change something: a dry run only shows them.
    async fn tell(&self, service: &str, instance: &str, words: &[&str]) -> anyhow::Result<()>;

    /// Refuses what cannot be done here, before anything is.
    async fn preflight(&self, _service: &str, _to: &str, _how: Strategy) -> anyhow::Result<()> {
        Ok(())
    }

    /// The URL of `service` for words that are run for orders.
    fn url(&self, service: &str) -> String {
        let host = if service == "orders" {
            "127.0.0.1"
        } else {
            service
        };
        format!("http://{host}:8080")
    }

    /// These instances of `service`, each with its metrics where it gives them.
    async fn observe(&self, service: &str, instances: Vec<Instance>) -> Vec<Instance> {
        let observe = instances.into_iter().map(async |mut instance| {
            let words = ["ask", "--admin", "/metrics"];
            instance.metrics = self.ask(service, &instance.name, &words).await.ok();
            instance
        });
        join_all(observe).await
    }

    /// What runs of `service`, without metrics.
    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>>;

    /// Starts a version beside another.
    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()>;

    /// Stops all instances of a version.
    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()>;
}

/// A shop on such a platform.
pub(super) struct Remote<P> {
    platform: P,
    /// Up to when orders were looked at.
    looked_ms: Cell<i64>,
}

impl<P: Platform> Remote<P> {
    /// The shop on `platform`.
    pub(super) fn new(platform: P) -> Self {
        Self {
            platform,
            looked_ms: Cell::new(i64::MIN),
        }
    }

    /// An instance of `service` that can be asked.
    async fn anyone(&self, service: &str) -> anyhow::Result<String> {
        let instances = self.platform.instances(service).await?;
        let ready = instances.into_iter().find(|one| one.ready);
        let ready = ready.with_context(|| format!("no instance of {service} is ready"))?;
        Ok(ready.name)
    }
}

impl<P: Platform> Target for Remote<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    async fn preflight(&self, service: &str, to: &str, how: Strategy) -> anyhow::Result<()> {
        self.platform.preflight(service, to, how).await
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        let instances = self.platform.instances(service).await?;
        Ok(self.platform.observe(service, instances).await)
    }

    async fn shares(&self, service: &str) -> anyhow::Result<Shares> {
        let instance = self.anyone(service).await?;
        let words = ["mesh", "policy"];
        let table = self.platform.ask(service, &instance, &words).await;
        let table = table.context("the mesh shares requests out, and it cannot be asked")?;
        Ok(::release::target::percent(&weights(&table, service)))
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        self.platform.start(service, version, count).await
    }

    async fn smoke(&self, service: &str, version: &str) -> anyhow::Result<()> {
        let instances = self.platform.instances(service).await?.into_iter();
        let words = ["ask", first_question(service)];
        let asked = instances
            .filter(|one| one.version == version)
            .map(async |one| self.platform.ask(service, &one.name, &words).await);
        try_join_all(asked).await.map(drop)
    }

    async fn share(&self, service: &str, shares: &Shares) -> anyhow::Result<()> {
        let instance = self.anyone(service).await?;
        let shares = shares.iter();
        let shares: Vec<_> = shares
            .map(|(version, percent)| format!("{version}={percent}"))
            .collect();
        let mut words = vec!["mesh", "policy", service];
        words.extend(shares.iter().map(String::as_str));
        if shares.is_empty() {
            words.push("--clear");
        }
        self.platform.tell(service, &instance, &words).await
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        self.platform.stop(service, version, keep).await
    }

    /// Asked for orders, which reaches the other two in any network.
    async fn wrong_orders(&self, since_ms: i64) -> anyhow::Result<Vec<String>> {
        let now = clock::now_ms();
        let since = since_ms.max(self.looked_ms.get().saturating_sub(UNDECIDED));
        let orders = self.anyone("orders").await?;
        let mut words = vec!["audit".to_owned(), format!("--since-ms={since}")];
        for service in ["orders", "payment", "shipping"] {
            words.push(format!("--{service}-url={}", self.platform.url(service)));
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let found = self.platform.ask("orders", &orders, &words).await;
        let found = found.context("the orders cannot be looked at")?;
        self.looked_ms.set(now);
        Ok(found.lines().map(str::to_owned).collect())
    }
}

/// The weights of `service` in a table of `sockshop mesh policy`.
fn weights(table: &str, service: &str) -> BTreeMap<String, u64> {
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.split_whitespace().collect();
        match cells[..] {
            [of, version, weight] if of == service => {
                Some((version.to_owned(), weight.parse().ok()?))
            }
            _ => None,
        }
    });
    rows.collect()
}

/// `image` with another tag.
pub(super) fn tagged(image: &str, tag: &str) -> anyhow::Result<String> {
    ensure!(
        !image.contains('@'),
        "{image} is fixed to a digest: give it a tag"
    );
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    let end = image[name..].find(':').map_or(image.len(), |at| name + at);
    Ok(format!("{}:{tag}", &image[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_off_the_table_people_see() {
        let table = "SERVICE    VERSION  WEIGHT\ncarts      v1           100\ncatalogue  v1            95\n\
                     catalogue  v2             5\norders     all alike\n";
        let expected = BTreeMap::from([("v1".to_owned(), 95), ("v2".to_owned(), 5)]);
        assert_eq!(weights(table, "catalogue"), expected);
        assert_eq!(weights(table, "orders"), BTreeMap::new());
    }

    #[test]
    fn an_image_changes_only_its_tag() {
        let tag = |image| tagged(image, "v2").unwrap();
        assert_eq!(tag("sockshop/catalogue:0.1.0"), "sockshop/catalogue:v2");
        assert_eq!(
            tag("registry:5000/shop/carts"),
            "registry:5000/shop/carts:v2"
        );
        assert!(tagged("sockshop/carts@sha256:00", "v2").is_err());
    }
}
