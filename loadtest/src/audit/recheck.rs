//! Re-checks orders with violations until they are correct or the time is up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chassis::clock::now_ms;
use futures_util::StreamExt;
use futures_util::stream::iter;

use super::facts::{Order, OrderFacts};
use super::rules::{is_open, judge, judge_duplicates};
use super::services::Services;
use super::violation::{Rule, Violation};

/// Upper bound of orders that are re-checked; violations beyond it are only counted.
const MAX_RECHECKS: usize = 10_000;

/// Maximum number of orders checked at the same time.
const RECHECK_CONCURRENCY: usize = 16;

/// Delay between two rounds of re-checks.
const RECHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Orders to re-check: those with a violation or still pending.
#[derive(Debug)]
pub struct Rechecks {
    pending_deadline: Duration,
    listed: Vec<Recheck>,
    /// Those beyond the most, by rule.
    pub(super) beyond: BTreeMap<Rule, u64>,
    pub(super) open_beyond: u64,
}

#[derive(Debug)]
struct Recheck {
    subject: Subject,
    faults: Vec<Violation>,
    open: bool,
}

#[derive(Debug)]
enum Subject {
    /// One order and its facts.
    Order(String, OrderFacts),
    /// Orders of one customer under one key.
    Duplicates(Vec<Order>),
}

/// When an order must have been placed to be overdue now.
pub(super) fn deadline_ms(pending_deadline: Duration) -> i64 {
    let allowed = i64::try_from(pending_deadline.as_millis()).unwrap_or(i64::MAX);
    now_ms().saturating_sub(allowed)
}

impl Rechecks {
    /// Creates an empty list. Orders may be pending for `pending_deadline`.
    #[must_use]
    pub fn new(pending_deadline: Duration) -> Self {
        Self {
            pending_deadline,
            listed: Vec::new(),
            beyond: BTreeMap::new(),
            open_beyond: 0,
        }
    }

    /// Adds an order if it is not right, or not decided yet.
    pub fn consider(&mut self, order_id: String, case: OrderFacts, deadline_ms: i64) {
        let faults = judge(&order_id, &case, deadline_ms);
        let open = is_open(&case);
        if open || !faults.is_empty() {
            let subject = Subject::Order(order_id, case);
            self.add(Recheck {
                subject,
                faults,
                open,
            });
        }
    }

    /// Adds duplicate orders of one idempotency key.
    pub fn add_duplicates(&mut self, orders: Vec<Order>, violation: Violation) {
        self.add(Recheck {
            subject: Subject::Duplicates(orders),
            faults: vec![violation],
            open: false,
        });
    }

    fn add(&mut self, recheck: Recheck) {
        if self.listed.len() < MAX_RECHECKS {
            self.listed.push(recheck);
            return;
        }
        self.open_beyond += u64::from(recheck.open && recheck.faults.is_empty());
        for violation in recheck.faults {
            *self.beyond.entry(violation.rule).or_default() += 1;
        }
    }

    /// Asks about all of them, again and again, until all is right or `patience`
    /// has passed. Who cannot be asked stays a recheck.
    pub async fn run(&mut self, services: &Services, patience: Duration) {
        let begun = Instant::now();
        loop {
            let asked = std::mem::take(&mut self.listed).into_iter();
            let deadline = self.pending_deadline;
            let asked = iter(asked).map(async |one| one.check(services, deadline).await);
            let left = asked.buffer_unordered(RECHECK_CONCURRENCY);
            self.listed = left.filter_map(async |one| one).collect().await;
            if self.listed.is_empty() || begun.elapsed() >= patience {
                return;
            }
            tokio::time::sleep(RECHECK_INTERVAL).await;
        }
    }

    /// What is wrong, by order, and how many orders are not decided yet.
    pub(super) fn into_faults(self) -> (Vec<Violation>, u64) {
        let open = self.listed.iter();
        let open = open.filter(|one| one.open && one.faults.is_empty()).count() as u64;
        let faults = self.listed.into_iter().flat_map(|one| one.faults);
        let mut faults: Vec<_> = faults.collect();
        faults.sort_by(|one, other| (one.rule, &one.order_id).cmp(&(other.rule, &other.order_id)));
        (faults, open + self.open_beyond)
    }
}

impl Recheck {
    /// Fetches the order again and judges it; `None` when it is correct now.
    async fn check(mut self, services: &Services, pending_deadline: Duration) -> Option<Self> {
        match &mut self.subject {
            Subject::Order(id, case) => {
                if services.renew(id, case).await.is_ok() {
                    self.faults = judge(id, case, deadline_ms(pending_deadline));
                    self.open = is_open(case);
                }
            }
            Subject::Duplicates(orders) => {
                if services.renew_all(orders).await.is_ok() {
                    self.faults = judge_duplicates(orders).into_iter().collect();
                }
            }
        }
        (self.open || !self.faults.is_empty()).then_some(self)
    }
}
