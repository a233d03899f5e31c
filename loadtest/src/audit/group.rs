//! Putting facts together: by order, and by what clients asked for.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::facts::{Fact, Order, OrderFacts};
use super::recheck::{Suspects, deadline_ms};
use super::rules::judge_rivals;
use super::spill::Spill;

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Acknowledged orders in the journal.
    pub acknowledged: u64,
    /// Orders.
    pub orders: u64,
    /// Answers of payment.
    pub payments: u64,
    /// Shipments of orders.
    pub shipments: u64,
    /// Shipments that were parked after too many tries.
    pub stuck_shipments: u64,
}

/// All facts, on disk.
#[derive(Debug)]
pub struct FactStore {
    by_order: Spill<Fact>,
    by_key: Spill<Order>,
    pending_deadline: Duration,
    /// How much there is.
    pub read: Read,
}

impl FactStore {
    /// An empty pile. Orders may be pending for `pending_deadline`.
    pub fn new(pending_deadline: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            by_order: Spill::new()?,
            by_key: Spill::new()?,
            pending_deadline,
            read: Read::default(),
        })
    }

    /// Adds a fact.
    pub fn add(&mut self, fact: &Fact) -> anyhow::Result<()> {
        match fact {
            Fact::Told(_) => self.read.acknowledged += 1,
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

    /// Judges everything, and adds to `suspects` what does not hold.
    pub fn sift(self, suspects: &mut Suspects) -> anyhow::Result<()> {
        let deadline = deadline_ms(self.pending_deadline);
        self.by_order.drain(|facts| {
            let mut cases = HashMap::<String, OrderFacts>::new();
            for fact in facts {
                let case = cases.entry(fact.order_id().to_owned()).or_default();
                case.add(fact);
            }
            for (order_id, case) in cases {
                suspects.consider(order_id, case, deadline);
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
                if let Some(fault) = judge_rivals(&orders) {
                    suspects.add_rivals(orders, fault);
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
#[path = "group/tests.rs"]
mod tests;
