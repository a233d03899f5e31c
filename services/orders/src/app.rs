//! What every part of this service works with.

use std::sync::Arc;
use std::time::Duration;

use chassis::Discovery;
use chassis::fault::profile::FaultProfile;
use chassis::settings::duration;
use tokio::sync::Notify;

use crate::hrefs::AllowList;
use crate::{Config, Store, Upstreams};

/// Where orders are kept, who is asked, and how long things may take. Clones
/// share it.
#[derive(Clone)]
pub struct App {
    /// Where orders are kept.
    pub store: Store,
    /// Who is asked and told.
    pub upstreams: Upstreams,
    /// Which hosts an href may name.
    pub allowed: Arc<AllowList>,
    /// How long things may take.
    pub limits: Limits,
    /// How this release behaves.
    pub manner: FaultProfile,
    /// Wakes the relay: there is something to tell.
    pub outbox_ready: Arc<Notify>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Placing an order, from the call to the answer.
    #[arg(long, env, default_value = "5s", value_parser = duration)]
    pub place_timeout: Duration,

    /// A pending order older than this was left behind by its process, and is recovered.
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub recover_after: Duration,

    /// How often to look for orders left behind.
    #[arg(long, env, default_value = "5s", value_parser = duration)]
    pub recover_every: Duration,

    /// How long a process may take to send what it has claimed, before others do; a batch
    /// takes twenty seconds at worst.
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub relay_lease: Duration,

    /// How often to look for messages left behind; new ones are sent at once.
    #[arg(long, env, default_value = "1s", value_parser = duration)]
    pub relay_every: Duration,

    /// How often to ask shipping how far it has come.
    #[arg(long, env, default_value = "1s", value_parser = duration)]
    pub follow_every: Duration,
}

impl App {
    /// Opens the store and prepares to call the others.
    pub async fn open(config: &Config, discovery: &Discovery) -> anyhow::Result<Self> {
        let domain = config.common.discovery.domain.as_deref();
        let allowed = AllowList::new(domain, &config.href_ports, &config.href_hosts);
        Ok(Self {
            store: Store::open(&config.database_url).await?,
            upstreams: Upstreams::new(config.upstreams, discovery)?,
            allowed: Arc::new(allowed),
            limits: config.limits,
            manner: FaultProfile::of(&config.common.version),
            outbox_ready: Arc::default(),
        })
    }
}

/// Converts a duration to whole milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
