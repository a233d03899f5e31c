//! One announcing stream, and the lease that lasts as long as it does.

use std::time::Duration;

use chassis::Shutdown;
use proto::mesh as pb;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::caller::Caller;
use crate::address;
use crate::hlc::MAX_CLOCK_SKEW_MS;
use crate::node::{Lease, Node, NotClaimed, now_ms};
use crate::record::{Instance, Phase, canonical, is_label};
use crate::refusal::Reason;

/// A lease ends when nothing is announced for this long.
const EXPIRES: Duration = Duration::from_millis(1600);

/// Announcement stream of one process, which is its lease.
pub(super) struct Held {
    node: Node,
    shutdown: Shutdown,
    caller: Caller,
    lease: Option<(String, String, Lease)>,
}

/// One announcing stream, and what is said on it.
pub(super) struct Listening {
    held: Held,
    words: Streaming<pb::Announcement>,
}

impl Listening {
    /// Takes the next announcement and answers it. None when there is no more:
    /// then the lease goes with the stream.
    pub(super) async fn next(mut self) -> Option<(Result<pb::Lease, Status>, Self)> {
        let shutdown = self.held.shutdown.clone();
        let ended = self.held.lease.as_ref().map(|(_, _, lease)| lease.ended());
        let word = tokio::select! {
            word = timeout(EXPIRES, self.words.message()) => word,
            () = taken_back(ended) => {
                let why = NotClaimed::Taken.to_string();
                return Some((Err(Status::already_exists(why)), self));
            }
            () = shutdown.draining() => {
                self.held.leave();
                return None;
            }
        };
        match word {
            Ok(Ok(Some(word))) => {
                let answer = self.held.take(word);
                Some((answer, self))
            }
            Ok(Ok(None) | Err(_)) => None,
            Err(_) => {
                tracing::warn!(instance = self.held.name(), "instance is silent");
                None
            }
        }
    }
}

/// Returns when the lease is taken back; never without one.
async fn taken_back(ended: Option<CancellationToken>) {
    match ended {
        Some(ended) => ended.cancelled().await,
        None => std::future::pending().await,
    }
}

impl Held {
    /// A stream of `caller` on which nothing has been announced yet.
    pub(super) fn new(node: Node, shutdown: Shutdown, caller: Caller) -> Self {
        Self {
            node,
            shutdown,
            caller,
            lease: None,
        }
    }

    /// Applies each announcement of `words` until the stream ends.
    pub(super) fn listen(self, words: Streaming<pb::Announcement>) -> Listening {
        Listening { held: self, words }
    }

    /// Leaves an instance in place when this node goes: it announces itself
    /// elsewhere now, and must not be missed in between.
    fn leave(&mut self) {
        if let Some((_, _, lease)) = self.lease.take() {
            lease.abandon();
        }
    }

    fn name(&self) -> &str {
        self.lease.as_ref().map_or("", |(_, name, _)| name)
    }

    fn take(&mut self, word: pb::Announcement) -> Result<pb::Lease, Status> {
        self.caller.may_speak_for(&self.node, &word.service)?;
        let subject = format!("{}/{}", word.service, word.instance);
        let (service, name, instance) = read(word).map_err(|(reason, why)| {
            self.refuse(&subject, reason, &why);
            Status::invalid_argument(why)
        })?;
        match &self.lease {
            Some((known, same, lease)) if *known == service && *same == name => {
                lease.renew(instance);
            }
            Some(_) => {
                let why = "a stream announces one instance";
                self.refuse(&subject, Reason::Malformed, why);
                return Err(Status::invalid_argument(why));
            }
            None => self.claim(service, name, instance)?,
        }
        Ok(pb::Lease {
            node: self.node.me().node.clone(),
            expires_ms: u32::try_from(EXPIRES.as_millis()).unwrap_or(u32::MAX),
        })
    }

    fn claim(&mut self, service: String, name: String, instance: Instance) -> Result<(), Status> {
        let address = instance.address;
        let lease = self.node.claim(&service, &name, instance);
        let lease = lease.map_err(|refused| {
            let why = refused.to_string();
            let subject = format!("{service}/{name}");
            match refused {
                NotClaimed::Taken => {
                    self.refuse(&subject, Reason::Name, &why);
                    Status::already_exists(why)
                }
                NotClaimed::Full => {
                    self.refuse(&subject, Reason::Full, &why);
                    Status::resource_exhausted(why)
                }
            }
        })?;
        tracing::info!(service, instance = name, %address, "instance announced");
        self.lease = Some((service, name, lease));
        Ok(())
    }

    fn refuse(&self, subject: &str, reason: Reason, why: &str) {
        let about = (&*self.caller.peer, subject);
        self.node.refusals().note(about, reason, why);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The stream may be dropped, with its server, before it could see the drain.
        if self.shutdown.is_draining() {
            self.leave();
        }
        if let Some((service, instance, _)) = &self.lease {
            tracing::info!(service, instance, "instance gone");
        }
    }
}

/// Checks an announcement before anything is named after it.
fn read(word: pb::Announcement) -> Result<(String, String, Instance), (Reason, String)> {
    let malformed = |why: &str| (Reason::Malformed, why.to_owned());
    let phase = match word.phase() {
        pb::Phase::Unspecified => return Err(malformed("phase is missing")),
        pb::Phase::Starting => Phase::Starting,
        pb::Phase::Serving => Phase::Serving,
        pb::Phase::Draining => Phase::Draining,
    };
    let service = canonical(&word.service);
    if !is_label(&service) {
        let why = "service must be a label of a DNS name, such as catalogue";
        return Err(malformed(why));
    }
    for (field, text) in [("instance", &word.instance), ("version", &word.version)] {
        if !(1..=128).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(malformed(&format!("{field} must have 1 to 128 characters")));
        }
    }
    let address = word.address.parse();
    let address = address.map_err(|_| malformed("address must be an IP address"))?;
    let address = address::check(address).map_err(|kind| {
        let why = format!(
            "{} is {kind}: address must be that of one host",
            word.address
        );
        (Reason::Address, why)
    })?;
    let port = u16::try_from(word.port);
    let instance = Instance {
        // An epoch from the far future would win over every later one.
        epoch: word.epoch.min(now_ms().saturating_add(MAX_CLOCK_SKEW_MS)),
        version: word.version,
        address,
        port: port.map_err(|_| malformed("port must be 0 to 65535"))?,
        phase,
        incarnation: match word.incarnation {
            // A process of an earlier release does not say: it is like no other.
            0 => rand::random_range(1..=u64::MAX),
            incarnation => incarnation,
        },
    };
    Ok((service, word.instance, instance))
}
