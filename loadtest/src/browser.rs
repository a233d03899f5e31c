//! One visitor's browser: their cookies, what they have seen already, and how
//! long they wait for an answer.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use tokio::time::{Instant, sleep_until};

use crate::recorder::{Outcome, Recorder, TransportError};

pub mod ask;
pub mod cookies;
pub mod net;
pub mod page;

pub use ask::Ask;
pub use cookies::Cookies;
pub use net::{Net, Reply};

/// Concurrent fetches of page resources, as in real browsers.
const MAX_PARALLEL_FETCHES: usize = 6;

/// Maximum number of attempts per request.
const MAX_ATTEMPTS: u32 = 4;

/// Delay between two attempts.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Browser of one visitor; every request goes into the recorder.
#[derive(Debug)]
pub struct Browser {
    net: Arc<Net>,
    recorder: Arc<Recorder>,
    cookies: Cookies,
    kept: HashSet<u64>,
    door: usize,
    due: Instant,
}

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The shop did not want to: trying again will not help.
    No(StatusCode),
    /// The shop could not: it may later.
    Later,
}

impl Browser {
    /// An empty browser of visitor number `visitor`.
    #[must_use]
    pub fn new(net: Arc<Net>, recorder: Arc<Recorder>, visitor: u64) -> Self {
        Self {
            door: usize::try_from(visitor).unwrap_or_default(),
            net,
            recorder,
            cookies: Cookies::default(),
            kept: HashSet::new(),
            due: Instant::now(),
        }
    }

    /// The next request was to be sent at `due`.
    pub fn begin(&mut self, due: Instant) {
        self.due = due;
    }

    /// Looks at what came for a while.
    pub async fn think(&mut self, time: Duration) {
        self.due += time;
        sleep_until(self.due).await;
    }

    /// Asks for something, and waits for the answer.
    pub async fn ask(&mut self, ask: Ask) -> Result<Reply, Failed> {
        let cookies = self.cookies.header();
        let sent = self.net.send(&ask, cookies.as_ref(), &mut self.door).await;
        let outcome = outcome(&ask, &sent);
        self.recorder.request(ask.step, self.due, outcome);
        self.due = Instant::now();
        if let Ok(reply) = &sent {
            self.cookies.take(&reply.headers);
        }
        judge(sent, outcome)
    }

    /// Asks as often as people do when they are told to try again.
    pub async fn insist(&mut self, ask: Ask) -> Result<Reply, Failed> {
        for _ in 1..MAX_ATTEMPTS {
            match self.ask(ask.clone()).await {
                Err(Failed::Later) => self.think(RETRY_DELAY).await,
                answer => return answer,
            }
        }
        self.ask(ask).await
    }

    /// Asks for a page, and for what is on it.
    pub async fn open(&mut self, step: &'static str, path: &str) -> Result<Reply, Failed> {
        let page = self.insist(Ask::get(step, path)).await?;
        self.fetch_parts(&page).await;
        Ok(page)
    }

    /// Goes where an answer sends a visitor on to.
    pub async fn follow(&mut self, step: &'static str, reply: &Reply) -> Result<Reply, Failed> {
        match reply.location() {
            Some(path) => self.open(step, path).await,
            None => Err(Failed::No(reply.status)),
        }
    }

    /// Fetches the style, the script and the pictures of `page` that are not kept yet.
    async fn fetch_parts(&mut self, page: &Reply) {
        let missing = page::parts(page.text()).filter(|path| !self.kept.contains(&hash(path)));
        let missing: Vec<_> = missing.map(|path| self.part(path)).collect();
        let fetched: Vec<_> = iter(missing)
            .buffer_unordered(MAX_PARALLEL_FETCHES)
            .collect()
            .await;
        self.kept.extend(fetched.into_iter().flatten());
        self.due = Instant::now();
    }

    /// Fetches one part, and returns its name if it may be kept.
    fn part(&self, path: &str) -> impl Future<Output = Option<u64>> + Send + use<> {
        let (net, recorder) = (self.net.clone(), self.recorder.clone());
        let (cookies, mut door) = (self.cookies.header(), self.door);
        let (ask, name) = (Ask::get("parts", path), hash(path));
        async move {
            let due = Instant::now();
            let sent = net.send(&ask, cookies.as_ref(), &mut door).await;
            recorder.request(ask.step, due, outcome(&ask, &sent));
            sent.is_ok_and(|reply| may_be_kept(&reply)).then_some(name)
        }
    }
}

fn may_be_kept(reply: &Reply) -> bool {
    let caching = reply.headers.get(CACHE_CONTROL);
    let caching = caching.and_then(|value| value.to_str().ok());
    caching.is_some_and(|value| value.contains("max-age="))
}

fn outcome(ask: &Ask, sent: &Result<Reply, TransportError>) -> Outcome {
    match sent {
        Ok(reply) if ask.hopes_for(reply) => Outcome::Expected(reply.status),
        Ok(reply) => Outcome::Unexpected(reply.status),
        Err(transport_error) => Outcome::TransportError(*transport_error),
    }
}

fn judge(sent: Result<Reply, TransportError>, outcome: Outcome) -> Result<Reply, Failed> {
    match (sent, outcome) {
        (Ok(reply), Outcome::Expected(_)) => Ok(reply),
        (Ok(reply), _) if !is_passing(reply.status) => Err(Failed::No(reply.status)),
        _ => Err(Failed::Later),
    }
}

/// Whether it may be different in a moment.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
