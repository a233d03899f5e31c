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

use super::{DEFAULT_PORT, Endpoint};

/// How long one DNS question may take.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// No answer is used for longer without asking again, whatever its TTL.
const MOST: Duration = Duration::from_secs(5);

/// And none is asked for more often.
const LEAST: Duration = Duration::from_secs(1);

/// Where one service can be reached.
#[derive(Debug)]
pub struct Names(Source);

#[derive(Debug)]
enum Source {
    Fixed(Arc<Vec<Endpoint>>),
    Dns {
        resolver: Arc<TokioResolver>,
        name: String,
        known: ArcSwap<Known>,
        asking: Mutex<()>,
    },
}

/// What DNS said last.
#[derive(Debug)]
struct Known {
    endpoints: Arc<Vec<Endpoint>>,
    until: Instant,
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

    pub(super) fn dns(resolver: Arc<TokioResolver>, name: String) -> Self {
        Self(Source::Dns {
            resolver,
            name,
            known: ArcSwap::from_pointee(Known {
                endpoints: Arc::default(),
                until: Instant::now(),
            }),
            asking: Mutex::default(),
        })
    }

    /// The endpoints as of now; empty when none was ever found.
    pub async fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        let (resolver, name, known, asking) = match &self.0 {
            Source::Fixed(endpoints) => return endpoints.clone(),
            Source::Dns {
                resolver,
                name,
                known,
                asking,
            } => (resolver, name, known, asking),
        };
        if fresh(&known.load()) {
            return known.load().endpoints.clone();
        }
        let _one_at_a_time = asking.lock().await;
        if !fresh(&known.load()) {
            let before = known.load().endpoints.clone();
            let (endpoints, time) = match ask(resolver, name).await {
                Ok((endpoints, time)) => (Arc::new(endpoints), time),
                Err(error) => {
                    tracing::warn!(name, %error, stale = before.len(), "name not resolved");
                    (before, LEAST)
                }
            };
            let until = Instant::now() + time.clamp(LEAST, MOST);
            known.store(Arc::new(Known { endpoints, until }));
        }
        known.load().endpoints.clone()
    }

    /// Makes the next call of [`endpoints`](Self::endpoints) ask again: what was
    /// known has just proved wrong.
    pub fn doubt(&self) {
        if let Source::Dns { known, .. } = &self.0 {
            let endpoints = known.load().endpoints.clone();
            known.store(Arc::new(Known {
                endpoints,
                until: Instant::now(),
            }));
        }
    }
}

fn fresh(known: &Known) -> bool {
    Instant::now() < known.until
}

type Answer = anyhow::Result<(Vec<Endpoint>, Duration)>;

async fn ask(resolver: &TokioResolver, name: &str) -> Answer {
    match services(resolver, name).await {
        Ok(found) if !found.0.is_empty() => Ok(found),
        _ => addresses(resolver, name).await,
    }
}

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
