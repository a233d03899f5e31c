//! Groups facts by order and by idempotency key.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::facts::{Fact, Order, OrderFacts};
use super::recheck::{Rechecks, deadline_ms};
use super::rules::judge_duplicates;
use super::spill::Spill;

/// Number of records read, by source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Acknowledged orders in the journal.
    pub acknowledged: u64,
    /// Orders in the orders service.
    pub orders: u64,
    /// Authorisation results of the payment service.
    pub payments: u64,
    /// Shipments in the shipping service.
    pub shipments: u64,
    /// Shipments that were parked after too many tries.
    pub stuck_shipments: u64,
}

/// On-disk store of all facts, partitioned by order.
#[derive(Debug)]
pub struct FactStore {
    by_order: Spill<Fact>,
    by_key: Spill<Order>,
    pending_deadline: Duration,
    /// Number of records added so far.
    pub read: Read,
}

impl FactStore {
    /// Creates an empty store. Orders may be pending for `pending_deadline`.
    pub fn new(pending_deadline: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            by_order: Spill::new()?,
            by_key: Spill::new()?,
            pending_deadline,
            read: Read::default(),
        })
    }

    /// Adds one fact to its order.
    pub fn add(&mut self, fact: &Fact) -> anyhow::Result<()> {
        match fact {
            Fact::Acknowledged(_) => self.read.acknowledged += 1,
            Fact::Payment(_) => self.read.payments += 1,
            Fact::Shipment(shipment) => {
                self.read.shipments += 1;
                self.read.stuck_shipments += u64::from(shipment.stuck);
            }
            Fact::Order(order) => {
                self.read.orders += 1;
                if !order.key.is_empty() {
                    self.by_key.put(&(&order.customer_id, &order.key), order)?;
                }
            }
        }
        self.by_order.put(&fact.order_id(), fact)
    }

    /// Groups all facts by order, judges each, and adds violations to `rechecks`.
    pub fn group(self, rechecks: &mut Rechecks) -> anyhow::Result<()> {
        let deadline = deadline_ms(self.pending_deadline);
        self.by_order.drain(|facts| {
            let mut cases = HashMap::<String, OrderFacts>::new();
            for fact in facts {
                let case = cases.entry(fact.order_id().to_owned()).or_default();
                case.add(fact);
            }
            for (order_id, case) in cases {
                rechecks.consider(order_id, case, deadline);
            }
            Ok(())
        })?;
        self.by_key.drain(|orders| {
            let mut groups = HashMap::<_, Vec<Order>>::new();
            for order in orders {
                let key = (order.customer_id.clone(), order.key.clone());
                groups.entry(key).or_default().push(order);
            }
            for orders in groups.into_values() {
                if let Some(violation) = judge_duplicates(&orders) {
                    rechecks.add_duplicates(orders, violation);
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
#[path = "group/tests.rs"]
mod tests;
