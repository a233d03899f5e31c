//! Open event streams: a few for each customer, and a bound on all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Streams that one customer may have open: their oldest makes room.
const MAX_PER_CUSTOMER: usize = 5;

/// Streams of all customers: the oldest makes room.
const MAX_STREAMS: usize = 500;

/// The open streams, the oldest first. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct EventStreams(Arc<Mutex<Streams>>);

#[derive(Default)]
struct Streams {
    open: VecDeque<Entry>,
    next_id: u64,
}

struct Entry {
    id: u64,
    customer: String,
    /// Dropped when another stream takes its place.
    _replace: oneshot::Sender<()>,
}

/// The place of one stream, given up when dropped.
pub(crate) struct OpenStream {
    streams: EventStreams,
    id: u64,
    replaced: oneshot::Receiver<()>,
}

impl EventStreams {
    /// Opens one for `customer`, and ends the oldest when there are too many.
    pub(crate) fn open(&self, customer: &str) -> OpenStream {
        let mut streams = self.lock();
        let theirs = streams.open.iter().filter(|open| open.customer == customer);
        if theirs.count() >= MAX_PER_CUSTOMER {
            let oldest = streams
                .open
                .iter()
                .position(|open| open.customer == customer);
            oldest.and_then(|oldest| streams.open.remove(oldest));
        } else if streams.open.len() >= MAX_STREAMS {
            streams.open.pop_front();
        }
        let id = streams.next_id;
        streams.next_id += 1;
        let (replace, replaced) = oneshot::channel();
        streams.open.push_back(Entry {
            id,
            customer: customer.to_owned(),
            _replace: replace,
        });
        OpenStream {
            streams: self.clone(),
            id,
            replaced,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStream {
    /// Returns once another stream has taken its place.
    pub(crate) async fn replaced(&mut self) {
        _ = (&mut self.replaced).await;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut streams = self.streams.lock();
        streams.open.retain(|open| open.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_replaced(stream: &mut OpenStream) -> bool {
        stream.replaced().now_or_never().is_some()
    }

    #[test]
    fn the_oldest_of_a_customer_makes_room_and_nobody_elses() {
        let streams = EventStreams::default();
        let mut other = streams.open("b");
        let mut open: Vec<_> = (0..MAX_PER_CUSTOMER).map(|_| streams.open("a")).collect();
        assert!(!open.iter_mut().any(is_replaced));
        drop(open.pop());
        open.push(streams.open("a"));
        assert!(!open.iter_mut().any(is_replaced));
        open.push(streams.open("a"));
        let replaced: Vec<_> = open.iter_mut().map(is_replaced).collect();
        assert_eq!(replaced, [true, false, false, false, false, false]);
        assert!(!is_replaced(&mut other));
    }

    #[test]
    fn all_streams_together_are_bounded() {
        let streams = EventStreams::default();
        let open = (0..=MAX_STREAMS).map(|customer| streams.open(&customer.to_string()));
        let mut open: Vec<_> = open.collect();
        assert!(is_replaced(&mut open[0]) && !is_replaced(&mut open[1]));
        drop(open);
        assert!(streams.lock().open.is_empty());
    }
}
