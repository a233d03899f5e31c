//! Finding the other services: by DNS and nothing else.
//!
//! For a name, [`Names`] asks SRV `_shop._tcp.<name>.<domain>` (RFC 2782) and
//! without SRV takes all A and AAAA addresses with the default port.
//! `<SERVICE>_URL` overrides DNS for one service.

mod endpoints;
mod resolver;

use std::sync::Arc;

use anyhow::Context;

pub use endpoints::Names;
pub use resolver::resolver;
use resolver::{NameServers, server};

/// The port of a service whose DNS answer names none.
pub const DEFAULT_PORT: u16 = 8080;

/// Where to ask for names.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Discovery")]
pub struct Lookup {
    /// Mesh DNS to ask, as host:port; several separated by commas. The system's resolver otherwise.
    #[arg(long, env, value_delimiter = ',', value_parser = server)]
    pub mesh_dns: Vec<String>,

    /// Domain the services' names end in. weave.local with --mesh-dns, otherwise what the system's resolver appends.
    #[arg(long, env)]
    pub domain: Option<String>,
}

/// One address of a service, and its share of the requests (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Base URL of the endpoint, such as `http://127.77.0.1:8080`.
    pub url: String,
    /// Lower ones are used first.
    pub priority: u16,
    /// Share among those of equal priority.
    pub weight: u16,
}

impl Endpoint {
    fn new(url: String) -> Self {
        Self {
            url,
            priority: 0,
            weight: 1,
        }
    }
}

/// Finds services. Clones share one resolver.
#[derive(Clone, Debug)]
pub struct Discovery {
    servers: Arc<NameServers>,
    domain: Option<String>,
    known: Vec<(String, String)>,
}

impl Discovery {
    /// Prepares to look names up as `lookup` says.
    pub fn new(lookup: &Lookup) -> anyhow::Result<Self> {
        Ok(Self {
            servers: Arc::new(NameServers::new(&lookup.mesh_dns)?),
            domain: lookup
                .domain
                .clone()
                .or_else(|| (!lookup.mesh_dns.is_empty()).then(|| "weave.local".to_owned())),
            known: Vec::new(),
        })
    }

    /// Finds the service called `name` at `urls`, as if its `<SERVICE>_URL` held them.
    #[must_use]
    pub fn knowing(mut self, name: &str, urls: &str) -> Self {
        self.known.push((name.to_owned(), urls.to_owned()));
        self
    }

    /// The endpoints of the service called `name`, now and later.
    pub fn service(&self, name: &str) -> anyhow::Result<Names> {
        let variable = format!("{}_URL", name.to_uppercase().replace('-', "_"));
        let known = self.known.iter().find(|(service, _)| service == name);
        let urls = known.map(|(_, urls)| Ok(urls.clone()));
        match urls.unwrap_or_else(|| std::env::var(&variable)) {
            Ok(urls) if !urls.trim().is_empty() => Names::fixed(&urls).with_context(|| {
                format!("{variable} must hold http://host:port, several separated by commas")
            }),
            _ => Ok(Names::dns(self.servers.clone(), self.full_name(name))),
        }
    }

    fn full_name(&self, name: &str) -> String {
        match &self.domain {
            Some(domain) => format!("{name}.{}.", domain.trim_matches('.')),
            None => name.to_owned(),
        }
    }
}

/// Chooses one endpoint as RFC 2782 says: among those of lowest priority, in
/// proportion to weight. `roll` is uniform in 0..1. A weight of zero is next
/// to never chosen, unless all are zero.
#[must_use]
pub fn select(endpoints: &[Endpoint], roll: f64) -> Option<&Endpoint> {
    let first = endpoints.iter().map(|endpoint| endpoint.priority).min()?;
    let group = || {
        endpoints
            .iter()
            .filter(|endpoint| endpoint.priority == first)
    };
    let total: f64 = group().map(|endpoint| f64::from(endpoint.weight)).sum();
    let all_zero = total == 0.0;
    let share = |endpoint: &Endpoint| {
        if all_zero {
            1.0
        } else {
            f64::from(endpoint.weight)
        }
    };
    let mut left = roll * group().map(share).sum::<f64>();
    let chosen = group().find(|endpoint| {
        left -= share(endpoint);
        left < 0.0
    });
    chosen.or_else(|| group().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, priority: u16, weight: u16) -> Endpoint {
        Endpoint {
            url: url.into(),
            priority,
            weight,
        }
    }

    /// How often each endpoint is chosen over 1000 evenly spread rolls.
    fn shares(endpoints: &[Endpoint]) -> Vec<usize> {
        let mut counts = vec![0; endpoints.len()];
        for step in 0..1000 {
            let chosen = select(endpoints, f64::from(step) / 1000.0).unwrap();
            counts[endpoints.iter().position(|e| e == chosen).unwrap()] += 1;
        }
        counts
    }

    #[tokio::test]
    async fn a_known_service_needs_no_dns() {
        let discovery = Discovery::new(&Lookup::default()).unwrap();
        let names = discovery
            .knowing("carts", "http://127.0.0.1:9")
            .service("carts");
        assert_eq!(
            *names.unwrap().endpoints().await,
            [Endpoint::new("http://127.0.0.1:9".into())]
        );
    }

    #[test]
    fn requests_are_shared_by_weight() {
        let both = [endpoint("v1", 0, 90), endpoint("v2", 0, 10)];
        assert_eq!(shares(&both), [900, 100]);
    }

    #[test]
    fn a_lower_priority_goes_first() {
        let both = [endpoint("spare", 1, 100), endpoint("main", 0, 1)];
        assert_eq!(shares(&both), [0, 1000]);
    }

    #[test]
    fn weights_of_zero_get_nothing_unless_all_are_zero() {
        assert_eq!(
            shares(&[endpoint("a", 0, 0), endpoint("b", 0, 5)]),
            [0, 1000]
        );
        assert_eq!(
            shares(&[endpoint("a", 0, 0), endpoint("b", 0, 0)]),
            [500, 500]
        );
        assert_eq!(select(&[], 0.5), None);
    }
}
