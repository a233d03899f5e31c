//! The endpoints of one name: asked for again when their time is up, kept when
//! DNS is down. Stale beats nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use arc_swap::ArcSwap;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::sync::Mutex;
use url::Url;

use super::resolver::NameServers;
use super::{DEFAULT_PORT, Endpoint};

/// Time limit for one DNS query.
pub(super) const DNS_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum time an answer is used before it is refreshed, whatever its TTL.
const MAX_TTL: Duration = Duration::from_secs(5);

/// Minimum time between two refreshes.
const MIN_TTL: Duration = Duration::from_secs(1);

/// Except one that is not known yet: it may be there in a moment. The pause
/// doubles as long as it is not.
const UNKNOWN: Duration = Duration::from_millis(50);

/// Nobody who has an old answer waits longer than this for a new one.
const GRACE: Duration = Duration::from_millis(100);

/// Where one service can be reached.
#[derive(Debug)]
pub struct Names(Source);

#[derive(Debug)]
enum Source {
    Fixed(Arc<Vec<Endpoint>>),
    Dns(Arc<Dns>),
}

/// A name, and what DNS said of it last.
#[derive(Debug)]
struct Dns {
    servers: Arc<NameServers>,
    name: String,
    known: ArcSwap<Known>,
    /// Since when somebody asks; locked while they do.
    asking: Arc<Mutex<()>>,
    since: ArcSwap<Instant>,
}

#[derive(Debug)]
struct Known {
    endpoints: Arc<Vec<Endpoint>>,
    until: Instant,
    /// How long that is from when it was said.
    time: Duration,
}

impl Names {
    /// Endpoints that never change: URLs separated by commas.
    pub(crate) fn fixed(urls: &str) -> anyhow::Result<Self> {
        let mut endpoints = Vec::new();
        for url in urls.split(',').map(str::trim).filter(|url| !url.is_empty()) {
            let parsed = Url::parse(url)?;
            ensure!(parsed.scheme() == "http", "`{url}` is not an http URL");
            let Some(host) = parsed.host_str() else {
                bail!("`{url}` names no host");
            };
            let port = parsed.port_or_known_default().unwrap_or(DEFAULT_PORT);
            endpoints.push(Endpoint::new(format!("http://{host}:{port}")));
        }
        ensure!(!endpoints.is_empty(), "no URL given");
        Ok(Self(Source::Fixed(Arc::new(endpoints))))
    }

    pub(super) fn dns(servers: Arc<NameServers>, name: String) -> Self {
        Self(Source::Dns(Arc::new(Dns {
            servers,
            name,
            known: ArcSwap::from_pointee(Known {
                endpoints: Arc::default(),
                until: Instant::now(),
                time: Duration::ZERO,
            }),
            asking: Arc::default(),
            since: ArcSwap::from_pointee(Instant::now()),
        })))
    }

    /// The endpoints as of now; empty when none was ever found. When DNS is slow
    /// or down, as of before.
    pub async fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        match &self.0 {
            Source::Fixed(endpoints) => endpoints.clone(),
            Source::Dns(dns) => dns.endpoints().await,
        }
    }

    /// Makes the next call of [`endpoints`](Self::endpoints) ask again: what was
    /// known has just proved wrong.
    pub fn doubt(&self) {
        if let Source::Dns(dns) = &self.0 {
            dns.know(dns.known.load().endpoints.clone(), Duration::ZERO);
        }
    }
}

impl Dns {
    async fn endpoints(self: &Arc<Self>) -> Arc<Vec<Endpoint>> {
        if !self.is_fresh() {
            if let Ok(turn) = self.asking.clone().try_lock_owned() {
                self.since.store(Arc::new(Instant::now()));
                // Whoever asks first may not wait for the answer; it serves the others.
                let dns = self.clone();
                tokio::spawn(async move {
                    dns.refresh().await;
                    drop(turn);
                });
            }
            let answered = self.asking.lock();
            if self.known.load().endpoints.is_empty() {
                drop(answered.await);
            } else {
                let left = GRACE.saturating_sub(self.since.load().elapsed());
                drop(tokio::time::timeout(left, answered).await);
            }
        }
        self.known.load().endpoints.clone()
    }

    async fn refresh(&self) {
        if self.is_fresh() {
            return;
        }
        match self.ask().await {
            Ok((endpoints, time)) => self.know(Arc::new(endpoints), time.clamp(MIN_TTL, MAX_TTL)),
            Err(error) => {
                self.servers.doubt();
                let before = self.known.load_full();
                let (name, stale) = (&self.name, before.endpoints.len());
                tracing::warn!(name, %error, stale, "name not resolved");
                let time = match stale {
                    0 => (before.time * 2).clamp(UNKNOWN, MIN_TTL),
                    _ => MIN_TTL,
                };
                self.know(before.endpoints.clone(), time);
            }
        }
    }

    async fn ask(&self) -> Answer {
        let resolver = self.servers.get().await?;
        match services(&resolver, &self.name).await {
            Ok(found) if !found.0.is_empty() => Ok(found),
            _ => addresses(&resolver, &self.name).await,
        }
    }

    fn is_fresh(&self) -> bool {
        Instant::now() < self.known.load().until
    }

    fn know(&self, endpoints: Arc<Vec<Endpoint>>, time: Duration) {
        let until = Instant::now() + time;
        self.known.store(Arc::new(Known {
            endpoints,
            until,
            time,
        }));
    }
}

type Answer = anyhow::Result<(Vec<Endpoint>, Duration)>;

/// The SRV answer, each target turned into its addresses.
async fn services(resolver: &TokioResolver, name: &str) -> Answer {
    let answer = resolver
        .lookup(format!("_shop._tcp.{name}"), RecordType::SRV)
        .await?;
    let time = answer
        .valid_until()
        .saturating_duration_since(Instant::now());
    let mut endpoints = Vec::new();
    for record in answer.answers() {
        let RData::SRV(srv) = &record.data else {
            continue;
        };
        let glue: Vec<IpAddr> = answer
            .additionals()
            .iter()
            .filter(|extra| extra.name == srv.target)
            .filter_map(|extra| extra.data.ip_addr())
            .collect();
        let addresses = if glue.is_empty() {
            resolver
                .lookup_ip(srv.target.clone())
                .await?
                .iter()
                .collect()
        } else {
            glue
        };
        for address in addresses {
            endpoints.push(Endpoint {
                url: url(address, srv.port),
                priority: srv.priority,
                weight: srv.weight,
            });
        }
    }
    Ok((endpoints, time))
}

/// The A and AAAA answer, on the default port.
async fn addresses(resolver: &TokioResolver, name: &str) -> Answer {
    let answer = resolver.lookup_ip(name).await?;
    let time = answer
        .valid_until()
        .saturating_duration_since(Instant::now());
    let endpoints = answer
        .iter()
        .map(|address| Endpoint::new(url(address, DEFAULT_PORT)));
    Ok((endpoints.collect(), time))
}

fn url(address: IpAddr, port: u16) -> String {
    format!("http://{}", std::net::SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn urls_may_be_several_and_must_be_http() {
        let names = Names::fixed("http://127.0.0.1:8081, http://orders").unwrap();
        let urls: Vec<_> = names
            .endpoints()
            .await
            .iter()
            .map(|e| e.url.clone())
            .collect();
        assert_eq!(urls, ["http://127.0.0.1:8081", "http://orders:80"]);
        assert!(Names::fixed("ftp://x").is_err() && Names::fixed(" , ").is_err());
    }
}
