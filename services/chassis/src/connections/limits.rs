//! How many connections a listener holds, and how long each may wait for its peer.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open connections, where the limit of open files allows for as many.
const MAX_CONNECTIONS: usize = 8192;

/// Connections that hold buffers, each of about 20 KiB.
const MAX_ACTIVE: usize = 512;

/// Connections with buffers beyond which idle ones give theirs up at once.
const MAX_IDLE_ACTIVE: usize = 128;

/// Streams that a peer of HTTP/2 may have open at once.
const MAX_STREAMS: u32 = 100;

/// The same where the peers are our own services, of which each has one connection
/// for all of its calls: one that waits for a slow call must not keep others waiting.
const MAX_CALLS: u32 = 1024;

/// Limits of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Connections that hold buffers, those that are idle and keep them for a while among them.
    pub max_active: usize,
    /// Connections with buffers beyond which idle ones give theirs up at once.
    pub max_idle_active: usize,
    /// Streams that a peer of HTTP/2 may have open at once.
    pub max_streams: u32,
    /// Bytes of unfinished request heads, of all connections together.
    pub max_head_bytes: usize,
    /// From the first byte of a request, or from the connection, to the end of a head.
    pub head_timeout: Duration,
    /// From the end of a head to the end of its body.
    pub body_timeout: Duration,
    /// How long a peer may leave an answer unread.
    pub write_stall_timeout: Duration,
    /// Maximum time between two requests.
    pub idle_timeout: Duration,
    /// How long an idle connection keeps its buffers.
    pub park_delay: Duration,
    /// How often the time-outs are looked at.
    pub sweep_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_active: MAX_ACTIVE,
            max_idle_active: MAX_IDLE_ACTIVE,
            max_streams: MAX_STREAMS,
            max_head_bytes: 8 << 20,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_stall_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            park_delay: Duration::from_secs(1),
            sweep_interval: Duration::from_millis(500),
        }
    }
}

impl Limits {
    /// The usual limits, with at most half of `open_files` for connections: a proxy
    /// needs another file for each, and everything else needs some.
    #[must_use]
    pub fn within(open_files: usize) -> Self {
        Self {
            max_connections: MAX_CONNECTIONS.min(open_files / 2),
            ..Self::default()
        }
    }

    /// The same for peers who call over gRPC.
    #[must_use]
    pub fn for_calls(mut self) -> Self {
        self.max_streams = MAX_CALLS;
        self
    }
}

/// Raises the soft limit of open files to the hard one (`setrlimit(2)`), and
/// returns what it is then.
pub fn raise_open_file_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}
