//! What looks wrong, asked about again until it is right or patience ends.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chassis::clock::now_ms;
use futures_util::StreamExt;
use futures_util::stream::iter;

use super::facts::{Order, OrderFacts};
use super::rules::{is_open, judge, judge_rivals};
use super::services::Services;
use super::violation::{Rule, Violation};

/// Maximum number of orders that are checked again.
const MAX_SUSPECTS: usize = 10_000;

/// Maximum number of orders checked at the same time.
const MAX_CONCURRENT_CHECKS: usize = 16;

/// Interval between two rounds of checks.
const RECHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Orders that do not look right.
#[derive(Debug)]
pub struct Suspects {
    pending_deadline: Duration,
    listed: Vec<Suspect>,
    /// Those beyond the most, by rule.
    pub(super) beyond: BTreeMap<Rule, u64>,
    pub(super) open_beyond: u64,
}

#[derive(Debug)]
struct Suspect {
    subject: Subject,
    faults: Vec<Violation>,
    open: bool,
}

#[derive(Debug)]
enum Subject {
    /// One order, and what is known of it.
    Order(String, OrderFacts),
    /// Orders of one customer under one key.
    Rivals(Vec<Order>),
}

/// When an order must have been placed to be overdue now.
pub(super) fn deadline_ms(pending_deadline: Duration) -> i64 {
    let allowed = i64::try_from(pending_deadline.as_millis()).unwrap_or(i64::MAX);
    now_ms().saturating_sub(allowed)
}

impl Suspects {
    /// Nobody yet. Orders may be pending for `pending_deadline`.
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
            self.add(Suspect {
                subject,
                faults,
                open,
            });
        }
    }

    /// Adds orders that were one wish.
    pub fn add_rivals(&mut self, orders: Vec<Order>, fault: Violation) {
        self.add(Suspect {
            subject: Subject::Rivals(orders),
            faults: vec![fault],
            open: false,
        });
    }

    fn add(&mut self, suspect: Suspect) {
        if self.listed.len() < MAX_SUSPECTS {
            self.listed.push(suspect);
            return;
        }
        self.open_beyond += u64::from(suspect.open && suspect.faults.is_empty());
        for fault in suspect.faults {
            *self.beyond.entry(fault.rule).or_default() += 1;
        }
    }

    /// Asks about all of them, again and again, until all is right or `patience`
    /// has passed. Who cannot be asked stays a suspect.
    pub async fn settle(&mut self, services: &Services, patience: Duration) {
        let begun = Instant::now();
        loop {
            let asked = std::mem::take(&mut self.listed).into_iter();
            let deadline = self.pending_deadline;
            let asked = iter(asked).map(async |one| one.ask(services, deadline).await);
            let left = asked.buffer_unordered(MAX_CONCURRENT_CHECKS);
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

impl Suspect {
    /// The suspect as it is now; nothing when it is cleared.
    async fn ask(mut self, services: &Services, pending_deadline: Duration) -> Option<Self> {
        match &mut self.subject {
            Subject::Order(id, case) => {
                if services.renew(id, case).await.is_ok() {
                    self.faults = judge(id, case, deadline_ms(pending_deadline));
                    self.open = is_open(case);
                }
            }
            Subject::Rivals(orders) => {
                if services.renew_all(orders).await.is_ok() {
                    self.faults = judge_rivals(orders).into_iter().collect();
                }
            }
        }
        (self.open || !self.faults.is_empty()).then_some(self)
    }
}
