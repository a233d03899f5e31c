//! Questions about other domains, passed on to another DNS.
//!
//! How many are passed on at a time is bounded, and how many wait for that: whoever
//! asks more gets SERVFAIL at once, and the node stays quick for its own names.

mod exchange;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hickory_server::proto::op::{Message, ResponseCode};
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::node::now_ms;
use crate::throttle::Throttle;

/// Questions that are passed on at a time: each has one socket.
pub const MAX_IN_FLIGHT: usize = 64;

/// Questions that wait until one of those is answered.
pub const MAX_WAITING: usize = 256;

/// All of the time a question may take. Resolvers give up after 5 s.
const DEADLINE: Duration = Duration::from_secs(4);

/// The time one server may take while there is another one to ask.
const TRY_TIMEOUT: Duration = Duration::from_secs(1);

/// A server that did not answer is asked last for so many milliseconds.
const REST_MS: u64 = 5_000;

/// The same failure of a server is logged once per this time.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Other DNS servers, asked in turn. Clones share them and their bounds.
#[derive(Clone, Debug)]
pub struct Forward(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    servers: Vec<Upstream>,
    admitted: Semaphore,
    in_flight: Semaphore,
    logged: Throttle<(SocketAddr, io::ErrorKind)>,
}

#[derive(Debug)]
struct Upstream {
    address: SocketAddr,
    /// Until when it is asked last, in milliseconds since the Unix epoch.
    resting_until_ms: AtomicU64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotForwarded {
    /// Too many questions wait already.
    Surplus,
    /// None of the upstream servers answers.
    Failed,
}

impl Forward {
    /// Passes questions on to `servers`. None when there are none.
    #[must_use]
    pub fn to(servers: Vec<SocketAddr>) -> Option<Self> {
        if servers.is_empty() {
            return None;
        }
        let servers = servers.into_iter().map(|address| Upstream {
            address,
            resting_until_ms: AtomicU64::new(0),
        });
        Some(Self(Arc::new(Inner {
            servers: servers.collect(),
            admitted: Semaphore::new(MAX_IN_FLIGHT + MAX_WAITING),
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            logged: Throttle::new(LOG_INTERVAL),
        })))
    }

    /// The answer of the first server that has one to the question in `packet`: that
    /// the name does not exist is one, and that the server refuses or fails is none,
    /// unless all do.
    pub async fn ask(&self, packet: &[u8]) -> Result<Message, NotForwarded> {
        let Ok(_admitted) = self.0.admitted.try_acquire() else {
            return Err(NotForwarded::Surplus);
        };
        let question = Message::from_vec(packet).map_err(|_| NotForwarded::Failed)?;
        let deadline = Instant::now() + DEADLINE;
        let in_turn = async {
            let _slot = self.0.in_flight.acquire().await.ok()?;
            self.ask_in_turn(&question, deadline).await
        };
        let answer = timeout_at(deadline, in_turn).await.ok().flatten();
        answer.ok_or(NotForwarded::Failed)
    }

    async fn ask_in_turn(&self, question: &Message, deadline: Instant) -> Option<Message> {
        let now = now_ms();
        let is_resting = |server: &&Upstream| server.resting_until_ms.load(Relaxed) > now;
        let (last, first): (Vec<_>, Vec<_>) = self.0.servers.iter().partition(is_resting);
        let servers: Vec<_> = first.into_iter().chain(last).collect();
        let mut refusal = None;
        for (at, server) in servers.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_last = at + 1 == servers.len();
            let limit = if is_last { left } else { left.min(TRY_TIMEOUT) };
            match timeout(limit, exchange::ask(server.address, question)).await {
                Ok(Ok(answer)) if is_answer(&answer) => return Some(answer),
                Ok(Ok(answer)) => refusal = Some(answer),
                Ok(Err(error)) => self.failed(server, &error),
                Err(_) => self.failed(server, &io::ErrorKind::TimedOut.into()),
            }
        }
        refusal
    }

    fn failed(&self, server: &Upstream, error: &io::Error) {
        let until = now_ms().saturating_add(REST_MS);
        server.resting_until_ms.store(until, Relaxed);
        let address = server.address.to_string();
        counter!("mesh_forward_failures_total", "server" => address).increment(1);
        if self.0.logged.allows((server.address, error.kind())) {
            tracing::warn!(server = %server.address, %error, "no answer to a question passed on");
        }
    }
}

/// Whether the server has said something about the name.
fn is_answer(message: &Message) -> bool {
    let code = message.metadata.response_code;
    code == ResponseCode::NoError || code == ResponseCode::NXDomain
}
