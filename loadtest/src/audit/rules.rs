//! What must be true of every order: pure functions of what is known about it.

use chassis::money::decimal;

use super::facts::{Order, OrderFacts, State};
use super::violation::{Rule, Violation};

/// Collects what is wrong with one order.
struct Findings<'a> {
    order_id: &'a str,
    faults: Vec<Violation>,
}

impl Findings<'_> {
    fn note(&mut self, wrong: bool, rule: Rule, facts: impl FnOnce() -> String) {
        if wrong {
            self.faults.push(Violation {
                rule,
                order_id: self.order_id.to_owned(),
                facts: facts(),
            });
        }
    }
}

/// Judges one order. It may be pending if it was asked for after `deadline_ms`.
#[must_use]
pub fn judge(order_id: &str, case: &OrderFacts, deadline_ms: i64) -> Vec<Violation> {
    let mut findings = Findings {
        order_id,
        faults: Vec::new(),
    };
    match case.orders.first() {
        None => without_order(&mut findings, case),
        Some(order) => {
            promised(&mut findings, case, order);
            paid(&mut findings, case, order);
            sent(&mut findings, case, order);
            let stuck = order.state == State::Pending && order.placed_at_ms <= deadline_ms;
            findings.note(stuck, Rule::Stuck, || {
                format!("pending since {}", order.placed_at_ms)
            });
        }
    }
    findings.faults
}

/// Whether an order is still allowed to become one thing or the other.
#[must_use]
pub fn is_open(case: &OrderFacts) -> bool {
    case.orders
        .iter()
        .any(|order| order.state == State::Pending)
}

fn without_order(findings: &mut Findings<'_>, case: &OrderFacts) {
    let keys = || {
        let keys = case.told.iter().map(|entry| &*entry.idempotency_key);
        keys.collect::<Vec<_>>().join(", ")
    };
    findings.note(!case.told.is_empty(), Rule::Lost, || {
        format!(
            "acknowledged under the key {}, and there is no such order",
            keys()
        )
    });
    let charged = charged(case);
    findings.note(!charged.is_empty(), Rule::PaidWithoutOrder, || {
        format!("{} charged", amounts(&charged))
    });
    let going = going(case);
    findings.note(!going.is_empty(), Rule::ShippedUnpaid, || {
        format!("shipment {} of no order", going.join(", "))
    });
}

/// What the client was told holds.
fn promised(findings: &mut Findings<'_>, case: &OrderFacts, order: &Order) {
    findings.note(case.orders.len() > 1, Rule::Doubled, || {
        format!("{} orders of this name", case.orders.len())
    });
    let nameless = case
        .told
        .iter()
        .filter(|entry| entry.idempotency_key.is_empty());
    let nameless = nameless.count();
    findings.note(nameless > 1, Rule::Lost, || {
        format!("{nameless} orders were acknowledged, and this is all of them")
    });
    for told in &case.told {
        findings.note(!order.was_paid, Rule::Unkept, || {
            format!("acknowledged at {}, and never paid", told.at)
        });
        let key = &told.idempotency_key;
        let other = !key.is_empty() && *key != order.key;
        findings.note(other, Rule::NotAsTold, || {
            format!(
                "acknowledged under the key {key}, stored under {}",
                order.key
            )
        });
        let customer = &told.customer_id;
        let stranger = !customer.is_empty() && *customer != order.customer_id;
        findings.note(stranger, Rule::NotAsTold, || {
            format!(
                "acknowledged to {customer}, stored for {}",
                order.customer_id
            )
        });
        findings.note(
            told.total_cents != order.total_cents,
            Rule::WrongTotal,
            || {
                let [told, is] = [told.total_cents, order.total_cents].map(decimal);
                format!("acknowledged for {told}, stored for {is}")
            },
        );
    }
}

/// The money is right.
fn paid(findings: &mut Findings<'_>, case: &OrderFacts, order: &Order) {
    let charged = charged(case);
    let stands = order.state == State::Standing;
    findings.note(stands && charged.is_empty(), Rule::Unpaid, || {
        "it stands, and nothing is charged".to_owned()
    });
    findings.note(charged.len() > 1, Rule::PaidTwice, || {
        format!("{} charged", amounts(&charged))
    });
    let wrong = charged.iter().any(|amount| *amount != order.total_cents);
    findings.note(stands && wrong, Rule::WrongTotal, || {
        let total = decimal(order.total_cents);
        format!("{} charged, the total is {total}", amounts(&charged))
    });
    let closed = order.state == State::Closed;
    findings.note(closed && !charged.is_empty(), Rule::KeptMoney, || {
        format!("it does not stand, and {} is charged", amounts(&charged))
    });
    let sum = order
        .items_cents
        .filter(|items| *items == order.subtotal_cents);
    let sum = sum.and_then(|items| items.checked_add(order.shipping_cents));
    findings.note(
        stands && sum != Some(order.total_cents),
        Rule::WrongSum,
        || {
            let items = order
                .items_cents
                .map_or_else(|| "nothing".to_owned(), decimal);
            let [subtotal, shipping, total] = [
                order.subtotal_cents,
                order.shipping_cents,
                order.total_cents,
            ]
            .map(decimal);
            format!("items {items}, subtotal {subtotal}, shipping {shipping}, total {total}")
        },
    );
}

/// What is sent is right.
fn sent(findings: &mut Findings<'_>, case: &OrderFacts, order: &Order) {
    let stands = order.state == State::Standing;
    let going = going(case);
    findings.note(stands && going.is_empty(), Rule::Unshipped, || {
        let recalled = case.shipments.len();
        format!("it stands, and there is no shipment ({recalled} recalled)")
    });
    let names = || going.join(", ");
    findings.note(going.len() > 1, Rule::ShippedTwice, || {
        format!("shipments {}", names())
    });
    findings.note(!stands && !going.is_empty(), Rule::ShippedUnpaid, || {
        format!("it does not stand, and there is shipment {}", names())
    });
}

/// Shipments that were not taken back.
fn going(case: &OrderFacts) -> Vec<&str> {
    let going = case.shipments.iter().filter(|shipment| !shipment.recalled);
    going.map(|shipment| &*shipment.id).collect()
}

fn charged(case: &OrderFacts) -> Vec<i64> {
    let charged = case.payments.iter().filter(|payment| payment.charged);
    charged.map(|payment| payment.amount_cents).collect()
}

fn amounts(cents: &[i64]) -> String {
    let amounts = cents.iter().map(|cents| decimal(*cents));
    amounts.collect::<Vec<_>>().join(" and ")
}

/// Judges the orders of one customer under one key: at most one may be more
/// than a failed attempt.
#[must_use]
pub fn judge_duplicates(orders: &[Order]) -> Option<Violation> {
    let mut live: Vec<_> = orders
        .iter()
        .filter(|order| order.state != State::Closed)
        .collect();
    live.sort_by(|one, other| one.id.cmp(&other.id));
    live.dedup_by(|one, other| one.id == other.id);
    let [first, others @ ..] = &*live else {
        return None;
    };
    let others: Vec<_> = others.iter().map(|order| &*order.id).collect();
    (!others.is_empty()).then(|| Violation {
        rule: Rule::Doubled,
        order_id: first.id.clone(),
        facts: format!(
            "asked for once (key {}), and there is {} too",
            first.key,
            others.join(", ")
        ),
    })
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
