//! The shop that is meant, wherever it runs.

use ::release::{Instance, Shares, Strategy, Target};

use super::compose::Compose;
use super::ecs::Ecs;
use super::kubernetes::Kubernetes;
use super::local::Local;
use super::remote::Remote;
use super::swarm::Swarm;
use super::{Kind, TargetArgs};

/// Release target of any kind.
pub(super) enum Shop {
    /// Shop of the supervisor on this machine.
    Local(Box<Local>),
    /// In containers of Docker Compose.
    Compose(Remote<Compose>),
    /// In tasks of a stack.
    Swarm(Remote<Swarm>),
    /// Shop in pods of a Kubernetes namespace.
    Kubernetes(Remote<Kubernetes>),
    /// In tasks of ECS.
    Ecs(Box<Remote<Ecs>>),
}

impl Shop {
    /// The shop at `place`. In a `dry_run` it is not changed.
    pub(super) fn new(place: &TargetArgs, dry_run: bool) -> anyhow::Result<Self> {
        let name = place.shop.clone();
        Ok(match place.target {
            Kind::Local => Self::Local(Box::new(Local::new(&place.which, dry_run)?)),
            Kind::Compose => Self::Compose(Remote::new(Compose::new(name, dry_run))),
            Kind::Swarm => Self::Swarm(Remote::new(Swarm::new(name, dry_run))),
            Kind::K8s => Self::Kubernetes(Remote::new(Kubernetes::new(name, dry_run))),
            Kind::Ecs => {
                let ecs = Ecs::new(name, &place.templates, dry_run);
                Self::Ecs(Box::new(Remote::new(ecs)))
            }
        })
    }
}

/// What each kind of shop does in its own way.
macro_rules! of_each {
    ($shop:expr, $one:ident => $deed:expr) => {
        match $shop {
            Shop::Local($one) => $deed,
            Shop::Compose($one) => $deed,
            Shop::Swarm($one) => $deed,
            Shop::Kubernetes($one) => $deed,
            Shop::Ecs($one) => $deed,
        }
    };
}

impl Target for Shop {
    fn name(&self) -> &'static str {
        of_each!(self, one => one.name())
    }

    async fn preflight(&self, service: &str, to: &str, how: Strategy) -> anyhow::Result<()> {
        of_each!(self, one => one.preflight(service, to, how).await)
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        of_each!(self, one => one.instances(service).await)
    }

    async fn shares(&self, service: &str) -> anyhow::Result<Shares> {
        of_each!(self, one => one.shares(service).await)
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        of_each!(self, one => one.start(service, version, count).await)
    }

    async fn smoke(&self, service: &str, version: &str) -> anyhow::Result<()> {
        of_each!(self, one => one.smoke(service, version).await)
    }

    async fn share(&self, service: &str, shares: &Shares) -> anyhow::Result<()> {
        of_each!(self, one => one.share(service, shares).await)
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        of_each!(self, one => one.stop(service, version, keep).await)
    }

    async fn wrong_orders(&self, since_ms: i64) -> anyhow::Result<Vec<String>> {
        of_each!(self, one => one.wrong_orders(since_ms).await)
    }
}
