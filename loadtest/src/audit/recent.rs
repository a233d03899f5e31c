//! A quick look at the newest orders, while a release is on its way: only what
//! must hold at every moment, and each order once.

use proto::orders::ListOrdersRequest;

use super::facts::{Order, OrderFacts, State};
use super::rules::judge;
use super::services::Services;
use super::violation::{Rule, Violation};

/// Orders read per check, at most; the rest is read by the next one.
const MAX_ORDERS_PER_CHECK: u32 = 500;

/// Consecutive checks that may fail.
const MAX_FAILED_CHECKS: u32 = 10;

/// What must hold at once. Whether an order is sent takes a moment longer.
const RULES: [Rule; 4] = [
    Rule::WrongSum,
    Rule::WrongTotal,
    Rule::Unpaid,
    Rule::PaidTwice,
];

/// Orders since some time.
pub struct Recent {
    services: Services,
    since_ms: i64,
    seen: Vec<String>,
    wrong: Vec<Violation>,
    failed: u32,
}

impl Recent {
    /// Orders placed at `since_ms` (Unix epoch) or later.
    #[must_use]
    pub fn new(services: Services, since_ms: i64) -> Self {
        Self {
            services,
            since_ms,
            seen: Vec::new(),
            wrong: Vec::new(),
            failed: 0,
        }
    }

    /// What was found wrong so far.
    #[must_use]
    pub fn wrong(&self) -> &[Violation] {
        &self.wrong
    }

    /// Looks at orders placed since the last look, and at those that were
    /// undecided then. A look may fail, as services do now and then; that
    /// one after the other does is an error.
    pub async fn look(&mut self) -> anyhow::Result<()> {
        let looked = self.try_to_look().await;
        self.failed = if looked.is_ok() { 0 } else { self.failed + 1 };
        looked.or_else(|error| {
            if self.failed < MAX_FAILED_CHECKS {
                Ok(())
            } else {
                Err(error)
            }
        })
    }

    /// Looks again and again until all orders up to now are seen; fails at the
    /// first look that does.
    pub async fn look_through(&mut self) -> anyhow::Result<()> {
        let now = chassis::clock::now_ms();
        loop {
            let before = self.since_ms;
            self.try_to_look().await?;
            if self.since_ms == before || self.since_ms >= now {
                return Ok(());
            }
        }
    }

    async fn try_to_look(&mut self) -> anyhow::Result<()> {
        let request = ListOrdersRequest {
            page_size: MAX_ORDERS_PER_CHECK,
            placed_since_ms: self.since_ms,
            ..ListOrdersRequest::default()
        };
        let orders = self.services.page(request).await?;
        for order in orders.iter().filter(|order| order.state == State::Standing) {
            if !self.seen.contains(&order.id) {
                self.check(order).await?;
                self.seen.push(order.id.clone());
            }
        }
        self.forget(&orders);
        Ok(())
    }

    async fn check(&mut self, order: &Order) -> anyhow::Result<()> {
        let payment = self.services.payment_of(&order.id).await?;
        let case = OrderFacts {
            orders: vec![order.clone()],
            payments: payment.into_iter().collect(),
            ..OrderFacts::default()
        };
        let faults = judge(&order.id, &case, i64::MIN);
        let faults = faults.into_iter();
        self.wrong
            .extend(faults.filter(|violation| RULES.contains(&violation.rule)));
        Ok(())
    }

    /// Goes on at the first order that is undecided, or at the last of all.
    fn forget(&mut self, orders: &[Order]) {
        let open = orders.iter().find(|order| order.state == State::Pending);
        let Some(from) = open.or(orders.last()) else {
            return;
        };
        self.since_ms = from.placed_at_ms;
        let still = orders
            .iter()
            .filter(|order| order.placed_at_ms >= from.placed_at_ms);
        let still: Vec<_> = still.map(|order| &order.id).collect();
        self.seen.retain(|id| still.contains(&id));
    }
}
