//! Queue for password hashing: bounded, and fair between sources.
//!
//! Hashing is slow and takes much memory, so few hashes are computed at once and
//! the other requests wait. They wait in lanes, one per source and purpose, and
//! the lanes take turns: whoever sends a thousand sign-ins waits behind their
//! own, and everybody else waits for one hash per lane at most. A full lane, or
//! a full queue, refuses at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chassis::{Error, Result};
use tokio::sync::oneshot;

use crate::source::Source;

/// Requests of one source and purpose that may wait.
pub const LANE_LIMIT: usize = 16;

/// The same for a source that many people share.
pub const SHARED_LANE_LIMIT: usize = 128;

/// Requests that may wait in all lanes together.
pub const QUEUE_LIMIT: usize = 512;

/// How soon a refused caller may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Purpose of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Verification of a password.
    SignIn,
    /// Storing a new one.
    Register,
}

/// Lanes are told apart by this.
pub type LaneKey = (Purpose, Source);

/// Queue of those who want to hash. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Mutex<State>>);

/// Permit to compute one hash; dropping it lets the next in line go.
#[derive(Debug)]
pub struct Permit(Option<Queue>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: usize,
    /// Lanes with somebody in them; the first one is next.
    lanes: VecDeque<Lane>,
}

#[derive(Debug)]
struct Lane {
    key: LaneKey,
    waiters: VecDeque<oneshot::Sender<Permit>>,
}

impl Queue {
    /// A queue in front of `permits` hashes at once.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: permits,
            waiting: 0,
            lanes: VecDeque::new(),
        })))
    }

    /// Waits for a permit; fails with [`Error::Exhausted`] at once when the lane
    /// or the queue is full.
    pub async fn permit(&self, key: LaneKey) -> Result<Permit> {
        let receiver = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Permit(Some(self.clone())));
            }
            state.enqueue(key)?
        };
        receiver.await.map_err(Error::internal)
    }

    /// Passes a permit on to the next waiter that is still there.
    fn release(&self) {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.next();
                state.free += usize::from(next.is_none());
                next
            };
            let Some(next) = next else { return };
            match next.send(Permit(Some(self.clone()))) {
                Ok(()) => return,
                Err(mut permit) => permit.0 = None, // the waiter has gone, and we go on
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.release();
        }
    }
}

impl State {
    fn enqueue(&mut self, key: LaneKey) -> Result<oneshot::Receiver<Permit>> {
        if !self.has_room(key) {
            self.forget_the_gone();
            if !self.has_room(key) {
                return Err(Error::Exhausted {
                    message: "too many passwords wait to be checked: try again in a moment",
                    retry_after: RETRY_AFTER,
                });
            }
        }
        let (sender, receiver) = oneshot::channel();
        match self.lanes.iter_mut().find(|lane| lane.key == key) {
            Some(lane) => lane.waiters.push_back(sender),
            None => self.lanes.push_back(Lane {
                key,
                waiters: VecDeque::from([sender]),
            }),
        }
        self.waiting += 1;
        Ok(receiver)
    }

    fn has_room(&self, key: LaneKey) -> bool {
        let lane = self.lanes.iter().find(|lane| lane.key == key);
        let limit = if key.1.is_shared() {
            SHARED_LANE_LIMIT
        } else {
            LANE_LIMIT
        };
        self.waiting < QUEUE_LIMIT && lane.is_none_or(|lane| lane.waiters.len() < limit)
    }

    /// Makes room where callers have given up.
    fn forget_the_gone(&mut self) {
        for lane in &mut self.lanes {
            lane.waiters.retain(|waiter| !waiter.is_closed());
        }
        self.lanes.retain(|lane| !lane.waiters.is_empty());
        self.waiting = self.lanes.iter().map(|lane| lane.waiters.len()).sum();
    }

    /// Takes the first waiter of the next lane, which then goes to the end.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let mut lane = self.lanes.pop_front()?;
        let waiter = lane.waiters.pop_front()?;
        self.waiting -= 1;
        if !lane.waiters.is_empty() {
            self.lanes.push_back(lane);
        }
        Some(waiter)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Waiting = Pin<Box<dyn Future<Output = Result<Permit>>>>;

    fn sign_in(address: &str) -> LaneKey {
        (Purpose::SignIn, Source::parse(address))
    }

    /// Asks for a permit, and says whether it came, was refused, or is awaited.
    fn ask(queue: &Queue, key: LaneKey) -> (Waiting, Poll<Result<Permit>>) {
        let queue = queue.clone();
        let mut waiting: Waiting = Box::pin(async move { queue.permit(key).await });
        let answer = look(&mut waiting);
        (waiting, answer)
    }

    fn look(waiting: &mut Waiting) -> Poll<Result<Permit>> {
        waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }

    fn has(poll: Poll<Result<Permit>>) -> Option<Permit> {
        match poll {
            Poll::Ready(permit) => Some(permit.unwrap()),
            Poll::Pending => None,
        }
    }

    /// A queue whose only permit is out, and that permit.
    fn busy() -> (Queue, Permit) {
        let queue = Queue::new(1);
        let permit = has(ask(&queue, sign_in("192.0.2.1")).1).unwrap();
        (queue, permit)
    }

    #[test]
    fn a_source_that_floods_the_queue_is_refused_at_once_and_others_are_not() {
        let (queue, _permit) = busy();
        let flood = (0..600).map(|_| ask(&queue, sign_in("192.0.2.1")));
        let (waiting, refused): (Vec<_>, Vec<_>) =
            flood.partition(|(_, answer)| answer.is_pending());
        assert_eq!(
            (waiting.len(), refused.len()),
            (LANE_LIMIT, 600 - LANE_LIMIT)
        );
        for (_, answer) in refused {
            let Poll::Ready(Err(error)) = answer else {
                panic!("refused without an error");
            };
            assert_eq!(error.retry_after_seconds(), Some(1));
        }
        assert!(ask(&queue, sign_in("192.0.2.2")).1.is_pending());
        let register = (Purpose::Register, Source::parse("192.0.2.1"));
        assert!(ask(&queue, register).1.is_pending());
    }

    #[test]
    fn lanes_take_turns() {
        let (queue, permit) = busy();
        let mut flood: Vec<_> = (0..5)
            .map(|_| ask(&queue, sign_in("192.0.2.1")).0)
            .collect();
        let mut other = ask(&queue, sign_in("192.0.2.2")).0;
        drop(permit);
        let first = has(look(&mut flood[0])).unwrap();
        assert!(look(&mut other).is_pending());
        drop(first);
        assert!(has(look(&mut other)).is_some(), "second in line, not sixth");
        assert!(has(look(&mut flood[1])).is_some());
    }

    #[test]
    fn the_queue_is_bounded_over_all_sources() {
        let (queue, _permit) = busy();
        let ask = |number: usize| {
            let address = format!("10.0.{}.{}", number / 256, number % 256);
            ask(&queue, sign_in(&address))
        };
        let waiting: Vec<_> = (0..QUEUE_LIMIT).map(ask).collect();
        assert!(waiting.iter().all(|(_, answer)| answer.is_pending()));
        assert!(matches!(ask(QUEUE_LIMIT).1, Poll::Ready(Err(_))));
        drop(waiting);
        assert!(
            ask(QUEUE_LIMIT).1.is_pending(),
            "those who gave up make room"
        );
    }

    #[test]
    fn a_permit_is_never_lost_with_who_waited_for_it() {
        let (queue, permit) = busy();
        let (gone, late) = (ask(&queue, sign_in("a")).0, ask(&queue, sign_in("b")).0);
        drop(gone);
        drop(permit); // goes past the first, to the second
        drop(late); // who never took it
        assert!(has(ask(&queue, sign_in("c")).1).is_some());
        let state = queue.state();
        assert_eq!((state.free, state.waiting, state.lanes.len()), (1, 0, 0));
    }
}
