//! Whom to ask for names: the system's resolver, or mesh nodes, which may
//! themselves be names to the system.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, ensure};
use arc_swap::ArcSwapOption;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::endpoints::DNS_TIMEOUT;

/// A resolver that asks `servers`, or without any whom the system asks. It
/// remembers nothing.
pub fn resolver(servers: &[SocketAddr]) -> anyhow::Result<TokioResolver> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = if servers.is_empty() {
        TokioResolver::builder(provider).context("cannot read the system's DNS settings")?
    } else {
        let servers = servers.iter().map(|address| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let connections = connections.map(|mut connection| {
                connection.port = address.port();
                connection
            });
            NameServerConfig::new(address.ip(), false, connections.into())
        });
        let config = ResolverConfig::from_parts(None, vec![], servers.collect());
        let mut builder = TokioResolver::builder_with_config(config, provider);
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder
    };
    let options = builder.options_mut();
    options.cache_size = 0; // answers are kept in `Names`, stale ones too
    options.timeout = DNS_TIMEOUT;
    options.attempts = 2;
    Ok(builder.build()?)
}

/// A resolver whose servers may be known by name only. Where they are is asked
/// when it is needed, and again after they have failed to answer.
#[derive(Debug)]
pub(super) struct NameServers {
    names: Vec<String>,
    found: ArcSwapOption<TokioResolver>,
}

impl NameServers {
    /// Fails when the system's resolver is needed and cannot be had.
    pub(super) fn new(names: &[String]) -> anyhow::Result<Self> {
        let addresses: Result<Vec<SocketAddr>, _> = names.iter().map(|name| name.parse()).collect();
        let found = addresses.ok().map(|known| resolver(&known)).transpose()?;
        Ok(Self {
            names: names.to_vec(),
            found: ArcSwapOption::from_pointee(found),
        })
    }

    /// The resolver, once at least one of its servers is found.
    pub(super) async fn get(&self) -> anyhow::Result<Arc<TokioResolver>> {
        if let Some(found) = self.found.load_full() {
            return Ok(found);
        }
        let mut addresses = Vec::new();
        for name in &self.names {
            match tokio::net::lookup_host(name).await {
                Ok(found) => addresses.extend(found),
                Err(error) => tracing::debug!(name, %error, "no such DNS server yet"),
            }
        }
        ensure!(
            !addresses.is_empty(),
            "no DNS server found at {:?}",
            self.names
        );
        let found = Arc::new(resolver(&addresses)?);
        self.found.store(Some(found.clone()));
        Ok(found)
    }

    /// Makes the next question ask for the servers' addresses again.
    pub(super) fn doubt(&self) {
        let is_name = |server: &String| server.parse::<SocketAddr>().is_err();
        if self.names.iter().any(is_name) {
            self.found.store(None);
        }
    }
}

/// Parses the address of a name server, `host:port`.
pub(super) fn server(text: &str) -> Result<String, String> {
    let (host, port) = text.trim().rsplit_once(':').unwrap_or_default();
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(format!("`{text}` is not host:port"));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_or_a_name_with_a_port() {
        for good in ["127.0.0.1:53", "meshd:8053", "[::1]:53"] {
            assert_eq!(server(good).as_deref(), Ok(good));
        }
        for bad in ["meshd", "meshd:dns", ":53", ""] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn servers_are_asked_for_by_name_again_only_when_doubted() {
        let servers = NameServers::new(&["localhost:53".into()]).unwrap();
        let first = servers.get().await.unwrap();
        assert!(Arc::ptr_eq(&first, &servers.get().await.unwrap()));
        servers.doubt();
        assert!(!Arc::ptr_eq(&first, &servers.get().await.unwrap()));
    }

    #[tokio::test]
    async fn addresses_need_no_second_look() {
        let servers = NameServers::new(&["127.0.0.1:53".into()]).unwrap();
        let first = servers.get().await.unwrap();
        servers.doubt();
        assert!(Arc::ptr_eq(&first, &servers.get().await.unwrap()));
    }
}
