//! Conversions between shipments, leases, queue statistics and their protobuf messages.

use chassis::{Error, Result};
use proto::shipping as pb;

use crate::queue::QueueStats;
use crate::shipment::{Lease, Shipment, State};

/// State to filter by; `None` for all states. Fails on an unknown number.
pub(super) fn state(number: i32) -> Result<Option<State>> {
    let state = pb::State::try_from(number).map_err(|_| Error::invalid("unknown state"))?;
    Ok(match state {
        pb::State::Unspecified => None,
        pb::State::Waiting => Some(State::Waiting),
        pb::State::Leased => Some(State::Leased),
        pb::State::Packed => Some(State::Packed),
        pb::State::Shipped => Some(State::Shipped),
        pb::State::Stuck => Some(State::Stuck),
        pb::State::Recalled => Some(State::Recalled),
    })
}

/// Builds the protobuf lease of a shipment.
pub(super) fn lease(shipment: Shipment, lease: &Lease) -> pb::Lease {
    pb::Lease {
        shipment: Some(shipment.into()),
        token: lease.token.clone(),
        expires_at_ms: lease.expires_at_ms,
    }
}

impl From<State> for pb::State {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Leased => Self::Leased,
            State::Packed => Self::Packed,
            State::Shipped => Self::Shipped,
            State::Stuck => Self::Stuck,
            State::Recalled => Self::Recalled,
        }
    }
}

impl From<Shipment> for pb::Shipment {
    fn from(shipment: Shipment) -> Self {
        Self {
            id: shipment.id,
            order_id: shipment.order_id.unwrap_or_default(),
            name: shipment.name,
            state: pb::State::from(shipment.state).into(),
            attempts: u32::try_from(shipment.attempts).unwrap_or_default(),
            created_at_ms: shipment.created_at_ms,
            packed_at_ms: shipment.packed_at_ms.unwrap_or_default(),
            shipped_at_ms: shipment.shipped_at_ms.unwrap_or_default(),
            failure: shipment.failure,
        }
    }
}

impl From<QueueStats> for pb::Queue {
    fn from(queue: QueueStats) -> Self {
        Self {
            depth: u64::try_from(queue.depth).unwrap_or_default(),
            oldest_age_ms: queue.oldest_age_ms,
            stuck: u64::try_from(queue.stuck).unwrap_or_default(),
        }
    }
}
