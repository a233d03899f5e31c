//! The instances behind one name: a connection to each, and which of them to
//! leave alone for a moment.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint as Transport};
use tower::{Service, ServiceExt};

use crate::discovery::{Endpoint, Names, select};

/// Nothing waits on a dead peer longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// Interval between two look-ups of a service without endpoints.
const DISCOVERY_POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Ejection time of an endpoint after its first failure; doubled after each further one.
const EJECT_BASE: Duration = Duration::from_millis(500);

/// Maximum ejection time of an endpoint.
const ASIDE_MOST: Duration = Duration::from_secs(8);

/// All instances of one service.
pub(super) struct Balancer {
    names: Names,
    peers: Mutex<HashMap<String, Peer>>,
}

struct Peer {
    channel: Channel,
    failures: u32,
    aside_until: Option<Instant>,
}

/// Why a request got no answer worth having.
pub(super) struct Failure {
    /// The peer never saw the request.
    pub(super) unsent: bool,
    answer: Result<Response<Body>, String>,
}

impl Failure {
    /// The peer answered, but only that it cannot.
    pub(super) fn answered(answer: Response<Body>) -> Self {
        Self {
            unsent: false,
            answer: Ok(answer),
        }
    }

    fn new(unsent: bool, cause: String) -> Self {
        Self {
            unsent,
            answer: Err(cause),
        }
    }

    /// What the caller is told.
    pub(super) fn into_answer(self, service: &str) -> Result<Response<Body>, Status> {
        self.answer.map_err(|cause| {
            tracing::warn!(service, cause, "call failed");
            Status::unavailable(format!("{service} does not answer"))
        })
    }
}

impl Balancer {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            peers: Mutex::default(),
        }
    }

    /// Whether there is more than one instance to choose from.
    pub(super) fn are_several(&self) -> bool {
        self.lock().len() > 1
    }

    /// Chooses an instance that was not `tried` yet, by weight. Those set aside
    /// come last; those tried come again when there is no other.
    pub(super) async fn pick(&self, tried: &[String]) -> Option<String> {
        let endpoints = self.find().await;
        self.meet(&endpoints);
        let now = Instant::now();
        let roll = rand::random();
        let peers = self.lock();
        let aside = |endpoint: &Endpoint| {
            let peer = peers.get(&endpoint.url);
            peer.and_then(|peer| peer.aside_until)
                .is_some_and(|until| now < until)
        };
        let among = |fits: &dyn Fn(&Endpoint) -> bool| {
            let some: Vec<_> = endpoints
                .iter()
                .filter(|endpoint| fits(endpoint))
                .cloned()
                .collect();
            select(&some, roll).map(|endpoint| endpoint.url.clone())
        };
        among(&|endpoint| !tried.contains(&endpoint.url) && !aside(endpoint))
            .or_else(|| among(&|endpoint| !tried.contains(&endpoint.url)))
            .or_else(|| among(&|_| true))
    }

    /// Where the service is. One that is not there yet may start just now, and so
    /// may the mesh that will know it: that is waited for as for a connection.
    async fn find(&self) -> Arc<Vec<Endpoint>> {
        let begun = Instant::now();
        loop {
            let endpoints = self.names.endpoints().await;
            if !endpoints.is_empty() || begun.elapsed() >= CONNECT_TIMEOUT {
                return endpoints;
            }
            tokio::time::sleep(DISCOVERY_POLL_INTERVAL).await;
        }
    }

    /// Opens connections to new endpoints, lazily, and drops those that left.
    fn meet(&self, endpoints: &[Endpoint]) {
        let mut peers = self.lock();
        peers.retain(|url, _| endpoints.iter().any(|endpoint| endpoint.url == *url));
        for endpoint in endpoints {
            if !peers.contains_key(&endpoint.url)
                && let Ok(transport) = Transport::from_shared(endpoint.url.clone())
            {
                let channel = transport
                    .connect_timeout(CONNECT_TIMEOUT)
                    .tcp_nodelay(true)
                    .connect_lazy();
                let peer = Peer {
                    channel,
                    failures: 0,
                    aside_until: None,
                };
                peers.insert(endpoint.url.clone(), peer);
            }
        }
    }

    /// Sends `request` to the instance at `url`, and remembers how that went.
    pub(super) async fn send(
        &self,
        url: &str,
        request: Request<Body>,
        patience: Duration,
    ) -> Result<Response<Body>, Failure> {
        let Some(mut channel) = self.lock().get(url).map(|peer| peer.channel.clone()) else {
            return Err(Failure::new(true, format!("{url} has gone")));
        };
        let answer = async { channel.ready().await?.call(request).await };
        let failure = match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => {
                self.note(url, true);
                return Ok(answer);
            }
            Ok(Err(error)) => {
                Failure::new(never_sent(&error), format!("{url}: {}", innermost(&error)))
            }
            Err(_) => Failure::new(false, format!("{url}: no answer in {patience:?}")),
        };
        self.note(url, false);
        self.names.doubt();
        Err(failure)
    }

    fn note(&self, url: &str, well: bool) {
        if let Some(peer) = self.lock().get_mut(url) {
            if well {
                (peer.failures, peer.aside_until) = (0, None);
            } else {
                let pause = EJECT_BASE * 2u32.pow(peer.failures.min(4));
                peer.failures += 1;
                peer.aside_until = Some(Instant::now() + pause.min(ASIDE_MOST));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the request certainly never reached the peer, so that sending it
/// elsewhere cannot do it twice.
fn never_sent(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.is::<tonic::ConnectError>()
            || cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_canceled)
            || cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
            || cause
                .downcast_ref::<h2::Error>()
                .is_some_and(|error| error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

type Cause<'a> = &'a (dyn StdError + 'static);

fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
