//! What a connection knows of itself: whose turn it is, and since when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::limits::Limits;
use super::metrics::CloseReason;

/// What a connection knows of itself.
pub(super) struct Connection {
    state: Mutex<State>,
    told: Notify,
}

struct State {
    /// What is awaited while no exchange is under way.
    between: Between,
    exchanges: Vec<Entry>,
    next_exchange: u32,
    write_blocked_since: Option<Instant>,
    is_http2: bool,
    /// Whether it holds buffers.
    is_active: bool,
    order: Option<Order>,
}

/// State of a connection between two requests.
#[derive(Clone, Copy, Debug)]
enum Between {
    /// Nothing of the next request has come.
    Idle { since: Instant },
    /// Some of a head has come, or a new peer is expected to send one.
    Head { since: Instant, bytes: usize },
}

/// How far a request and its answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The peer still has to send some of the body.
    Receiving,
    /// The handler works on the response.
    Working,
    /// The peer has to read some of the answer before more is asked of the handler.
    Unread,
}

struct Entry {
    id: u32,
    phase: Phase,
    since: Instant,
}

/// A request and its answer, which end when this is dropped.
pub(super) struct Exchange {
    connection: Arc<Connection>,
    id: u32,
}

impl Exchange {
    /// Records that the exchange enters a phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.connection.enter(self.id, phase);
    }

    /// Says that the request's body is to come, until that is dropped.
    pub(super) fn receive(&self) -> Receiving {
        self.enter(Phase::Receiving);
        Receiving {
            connection: self.connection.clone(),
            id: self.id,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.connection.end(self.id);
    }
}

/// A request's body that is still to come.
pub(super) struct Receiving {
    connection: Arc<Connection>,
    id: u32,
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.connection.received(self.id);
    }
}

/// What the limits demand of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Give up the buffers while nothing is to do.
    Park,
    /// Finish what is under way, and take no more.
    Finish,
    /// Close the connection at once.
    Close,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                between: Between::Head {
                    since: Instant::now(),
                    bytes: 0,
                },
                exchanges: Vec::new(),
                next_exchange: 0,
                write_blocked_since: None,
                is_http2: false,
                is_active: false,
                order: None,
            }),
            told: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the start of a request and its response.
    pub(super) fn begin(self: &Arc<Self>) -> Exchange {
        let mut state = self.state();
        let id = state.next_exchange;
        state.next_exchange = id.wrapping_add(1);
        state.exchanges.push(Entry {
            id,
            phase: Phase::Working,
            since: Instant::now(),
        });
        state.between = Between::Idle {
            since: Instant::now(),
        };
        drop(state);
        Exchange {
            connection: self.clone(),
            id,
        }
    }

    /// An exchange enters a phase.
    fn enter(&self, exchange: u32, phase: Phase) {
        let mut state = self.state();
        if let Some(entry) = state
            .exchanges
            .iter_mut()
            .find(|entry| entry.id == exchange)
        {
            entry.phase = phase;
            entry.since = Instant::now();
        }
    }

    /// The body of an exchange's request has been received.
    fn received(&self, exchange: u32) {
        let mut state = self.state();
        let mut entries = state.exchanges.iter_mut();
        let entry = entries.find(|entry| entry.id == exchange);
        if let Some(entry) = entry.filter(|entry| entry.phase == Phase::Receiving) {
            entry.phase = Phase::Working;
            entry.since = Instant::now();
        }
    }

    /// An exchange is over.
    fn end(&self, exchange: u32) {
        let mut state = self.state();
        state.exchanges.retain(|entry| entry.id != exchange);
        if state.exchanges.is_empty() {
            state.between = Between::Idle {
                since: Instant::now(),
            };
        }
    }

    /// The peer has sent `count` bytes.
    pub(super) fn read(&self, count: usize) {
        let mut state = self.state();
        // Frames of HTTP/2 need not be part of a request.
        if count == 0 || state.is_http2 || !state.exchanges.is_empty() {
            return;
        }
        let (since, bytes) = match state.between {
            Between::Idle { .. } => (Instant::now(), 0),
            Between::Head { since, bytes } => (since, bytes),
        };
        let bytes = bytes + count;
        state.between = Between::Head { since, bytes };
    }

    pub(super) fn set_write_blocked(&self, is_blocked: bool) {
        let mut state = self.state();
        state.write_blocked_since = match state.write_blocked_since {
            Some(since) if is_blocked => Some(since),
            _ => is_blocked.then(Instant::now),
        };
    }

    pub(super) fn set_http2(&self) {
        let mut state = self.state();
        state.is_http2 = true;
        state.between = Between::Idle {
            since: Instant::now(),
        };
    }

    pub(super) fn set_active(&self, is_active: bool) {
        self.state().is_active = is_active;
    }

    /// Whether it holds buffers that it has not been told to give up.
    pub(super) fn holds_buffers(&self) -> bool {
        let state = self.state();
        state.is_active && state.order.is_none()
    }

    /// Whether it may give up its buffers and stay open.
    pub(super) fn can_park(&self) -> bool {
        let state = self.state();
        state.is_active && !state.is_http2 && state.is_idle()
    }

    /// Bytes of a head that is not complete.
    pub(super) fn head_bytes(&self) -> usize {
        match self.state().between {
            Between::Head { bytes, .. } => bytes,
            Between::Idle { .. } => 0,
        }
    }

    /// Since when it has waited for its peer; `None` while a handler works for it.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state();
        if state.order == Some(Order::Close) {
            return None;
        }
        let mut since = match state.between {
            Between::Idle { since } | Between::Head { since, .. } => since,
        };
        for entry in &state.exchanges {
            if entry.phase == Phase::Working {
                return None;
            }
            since = since.min(entry.since);
        }
        Some(
            state
                .write_blocked_since
                .map_or(since, |blocked| blocked.min(since)),
        )
    }

    /// What `limits` demand at `now`, and why.
    pub(super) fn due(&self, now: Instant, limits: &Limits) -> Option<(Order, CloseReason)> {
        let state = self.state();
        let passed = |since: Instant, timeout| now.saturating_duration_since(since) >= timeout;
        let blocked = state.write_blocked_since;
        if blocked.is_some_and(|since| passed(since, limits.write_stall_timeout)) {
            return Some((Order::Close, CloseReason::WriteStallTimeout));
        }
        for entry in &state.exchanges {
            let (timeout, reason) = match entry.phase {
                Phase::Working => continue,
                Phase::Receiving => (limits.body_timeout, CloseReason::BodyTimeout),
                Phase::Unread => (limits.write_stall_timeout, CloseReason::WriteStallTimeout),
            };
            if passed(entry.since, timeout) {
                return Some((Order::Close, reason));
            }
        }
        if !state.exchanges.is_empty() || blocked.is_some() {
            return None;
        }
        match state.between {
            Between::Head { since, .. } => passed(since, limits.head_timeout)
                .then_some((Order::Close, CloseReason::HeadTimeout)),
            Between::Idle { since } if passed(since, limits.idle_timeout) => {
                // A peer of HTTP/2 may not acknowledge that it is told to go.
                let order = match state.order {
                    None | Some(Order::Park) => Order::Finish,
                    Some(_) => Order::Close,
                };
                Some((order, CloseReason::IdleTimeout))
            }
            Between::Idle { since } => {
                (state.is_active && !state.is_http2 && passed(since, limits.park_delay))
                    .then_some((Order::Park, CloseReason::None))
            }
        }
    }

    /// Gives an order, which a stricter one before outlasts.
    pub(super) fn tell(&self, order: Order) {
        let mut state = self.state();
        state.order = state.order.max(Some(order));
        drop(state);
        self.told.notify_one();
    }

    /// The next order that is not the one `obeyed` before.
    pub(super) async fn order(&self, obeyed: Option<Order>) -> Order {
        loop {
            let told = self.told.notified();
            if let Some(order) = self.state().order
                && Some(order) != obeyed
            {
                return order;
            }
            told.await;
        }
    }

    /// Takes back the order to park; true while there is nothing to do.
    pub(super) fn parks(&self) -> bool {
        let mut state = self.state();
        if state.order == Some(Order::Park) {
            state.order = None;
        }
        state.is_idle()
    }
}

impl State {
    /// Whether nothing is under way, and nothing has come of the next request.
    fn is_idle(&self) -> bool {
        self.exchanges.is_empty()
            && self.write_blocked_since.is_none()
            && matches!(self.between, Between::Idle { .. })
    }
}
