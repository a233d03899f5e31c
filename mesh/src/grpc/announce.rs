//! One announcing stream, and the lease that lasts as long as it does.

use std::time::Duration;

use chassis::{Error, Shutdown};
use proto::mesh as pb;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use crate::node::{Lease, Node};
use crate::record::{Instance, Phase, canonical, is_label};

/// A lease ends when nothing is announced for this long.
const EXPIRES: Duration = Duration::from_millis(1600);

/// One announcing stream.
pub(super) struct Held {
    node: Node,
    shutdown: Shutdown,
    words: Streaming<pb::Announcement>,
    lease: Option<(String, String, Lease)>,
}

impl Held {
    /// A stream of `words` that has announced nothing yet.
    pub(super) fn new(node: Node, shutdown: Shutdown, words: Streaming<pb::Announcement>) -> Self {
        Self {
            node,
            shutdown,
            words,
            lease: None,
        }
    }

    /// Takes the next announcement and answers it. None when there is no more:
    /// then the lease goes with the stream.
    pub(super) async fn next(mut self) -> Option<(Result<pb::Lease, Status>, Self)> {
        let shutdown = self.shutdown.clone();
        let word = tokio::select! {
            word = timeout(EXPIRES, self.words.message()) => word,
            () = shutdown.draining() => {
                self.leave();
                return None;
            }
        };
        match word {
            Ok(Ok(Some(word))) => {
                let answer = self.take(word);
                Some((answer, self))
            }
            Ok(Ok(None) | Err(_)) => None,
            Err(_) => {
                tracing::warn!(instance = self.name(), "instance is silent");
                None
            }
        }
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
        let (service, name, instance) = read(word)?;
        match &self.lease {
            Some((known, same, lease)) if *known == service && *same == name => {
                lease.renew(instance);
            }
            Some(_) => {
                let why = "a stream announces one instance";
                return Err(Error::invalid(why).into());
            }
            None => {
                tracing::info!(service, instance = name, address = %instance.address, "instance announced");
                let lease = self.node.grant(&service, &name, instance);
                self.lease = Some((service, name, lease));
            }
        }
        Ok(pb::Lease {
            node: self.node.me().node.clone(),
            expires_ms: u32::try_from(EXPIRES.as_millis()).unwrap_or(u32::MAX),
        })
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
fn read(word: pb::Announcement) -> Result<(String, String, Instance), Error> {
    let phase = match word.phase() {
        pb::Phase::Unspecified => return Err(Error::invalid("phase is missing")),
        pb::Phase::Starting => Phase::Starting,
        pb::Phase::Serving => Phase::Serving,
        pb::Phase::Draining => Phase::Draining,
    };
    let service = canonical(&word.service);
    if !is_label(&service) {
        return Err(Error::invalid(
            "service must be a label of a DNS name, such as catalogue",
        ));
    }
    for (field, text) in [("instance", &word.instance), ("version", &word.version)] {
        if !(1..=128).contains(&text.len()) || text.chars().any(char::is_control) {
            let why = format!("{field} must have 1 to 128 characters");
            return Err(Error::Invalid(why));
        }
    }
    let address = word.address.parse();
    let instance = Instance {
        epoch: word.epoch,
        version: word.version,
        address: address.map_err(|_| Error::invalid("address must be an IP address"))?,
        port: u16::try_from(word.port).map_err(|_| Error::invalid("port must be 0 to 65535"))?,
        phase,
    };
    Ok((service, word.instance, instance))
}
