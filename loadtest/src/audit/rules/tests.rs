//! Every rule: one order that keeps all of them, and what is done to it.

use super::*;
use crate::audit::facts::{Payment, Shipment};
use crate::journal::Entry;

const DEADLINE: i64 = 1000;

fn order() -> Order {
    Order {
        id: "o".to_owned(),
        customer_id: "c".to_owned(),
        key: "k".to_owned(),
        state: State::Standing,
        was_paid: true,
        items_cents: Some(1800),
        subtotal_cents: 1800,
        shipping_cents: 499,
        total_cents: 2299,
        placed_at_ms: 500,
    }
}

fn payment() -> Payment {
    Payment {
        order_id: "o".to_owned(),
        amount_cents: 2299,
        charged: true,
    }
}

fn shipment(id: &str) -> Shipment {
    Shipment {
        id: id.to_owned(),
        order_id: "o".to_owned(),
        stuck: false,
        recalled: false,
    }
}

fn told() -> Entry {
    Entry {
        order_id: "o".to_owned(),
        customer_id: "c".to_owned(),
        total_cents: 2299,
        idempotency_key: "k".to_owned(),
        at: 600,
    }
}

fn good() -> OrderFacts {
    OrderFacts {
        told: vec![told()],
        orders: vec![order()],
        payments: vec![payment()],
        shipments: vec![shipment("s")],
    }
}

/// The rules that a good order breaks after `change`.
fn broken(change: impl FnOnce(&mut OrderFacts)) -> Vec<Rule> {
    let mut case = good();
    change(&mut case);
    let faults = judge("o", &case, DEADLINE);
    assert!(
        faults
            .iter()
            .all(|violation| violation.order_id == "o" && !violation.facts.is_empty())
    );
    faults.into_iter().map(|violation| violation.rule).collect()
}

fn closed(case: &mut OrderFacts) {
    case.told.clear();
    case.shipments.clear();
    case.payments[0].charged = false;
    case.orders[0].state = State::Closed;
}

fn pending(case: &mut OrderFacts) {
    closed(case);
    case.orders[0].state = State::Pending;
    case.orders[0].was_paid = false;
}

#[test]
fn a_good_order_breaks_nothing() {
    assert_eq!(broken(|_| {}), []);
    assert_eq!(broken(|case| case.told.clear()), []);
    assert_eq!(
        broken(|case| case.told.push(told())),
        [],
        "told again, of the same order"
    );
}

#[test]
fn an_acknowledged_order_that_is_gone_is_lost() {
    let gone = |case: &mut OrderFacts| {
        case.orders.clear();
        case.payments.clear();
        case.shipments.clear();
    };
    assert_eq!(broken(gone), [Rule::Lost]);
}

#[test]
fn two_orders_acknowledged_as_one_are_one_too_few() {
    let merged = |case: &mut OrderFacts| {
        case.told[0].idempotency_key.clear();
        case.told.push(case.told[0].clone());
    };
    assert_eq!(broken(merged), [Rule::Lost]);
    let merged = |case: &mut OrderFacts| {
        case.told.push(told());
        case.told[1].idempotency_key = "k2".to_owned();
    };
    assert_eq!(broken(merged), [Rule::NotAsTold]);
}

#[test]
fn an_acknowledged_order_must_have_been_paid() {
    let told_too_early = |case: &mut OrderFacts| {
        pending(case);
        case.told.push(told());
    };
    assert_eq!(broken(told_too_early), [Rule::Unkept, Rule::Stuck]);
    let cancelled_later = |case: &mut OrderFacts| {
        closed(case);
        case.told.push(told());
    };
    assert_eq!(broken(cancelled_later), []);
}

#[test]
fn an_order_is_its_clients_own() {
    assert_eq!(
        broken(|case| case.orders[0].key = "x".to_owned()),
        [Rule::NotAsTold]
    );
    assert_eq!(
        broken(|case| case.orders[0].customer_id = "x".to_owned()),
        [Rule::NotAsTold]
    );
    assert_eq!(broken(|case| case.told[0].idempotency_key.clear()), []);
}

#[test]
fn an_order_listed_twice_is_doubled() {
    assert_eq!(broken(|case| case.orders.push(order())), [Rule::Doubled]);
}

#[test]
fn a_standing_order_is_paid_once_for_its_exact_total() {
    assert_eq!(broken(|case| case.payments.clear()), [Rule::Unpaid]);
    assert_eq!(
        broken(|case| case.payments[0].charged = false),
        [Rule::Unpaid]
    );
    assert_eq!(
        broken(|case| case.payments.push(payment())),
        [Rule::PaidTwice]
    );
    assert_eq!(
        broken(|case| case.payments[0].amount_cents += 1),
        [Rule::WrongTotal]
    );
    assert_eq!(
        broken(|case| case.told[0].total_cents -= 1),
        [Rule::WrongTotal]
    );
}

#[test]
fn a_total_is_the_sum_of_items_and_shipping() {
    assert_eq!(
        broken(|case| case.orders[0].items_cents = Some(1799)),
        [Rule::WrongSum]
    );
    assert_eq!(
        broken(|case| case.orders[0].items_cents = None),
        [Rule::WrongSum]
    );
    assert_eq!(
        broken(|case| case.orders[0].shipping_cents = 0),
        [Rule::WrongSum]
    );
    let rounded = |case: &mut OrderFacts| {
        case.orders[0].total_cents = 2200;
        case.payments[0].amount_cents = 2200;
        case.told[0].total_cents = 2200;
    };
    assert_eq!(broken(rounded), [Rule::WrongSum]);
}

#[test]
fn nothing_is_paid_or_sent_without_an_order() {
    let no_order = |case: &mut OrderFacts| {
        case.told.clear();
        case.orders.clear();
    };
    assert_eq!(
        broken(no_order),
        [Rule::PaidWithoutOrder, Rule::ShippedUnpaid]
    );
    let given_back = |case: &mut OrderFacts| {
        no_order(case);
        case.shipments.clear();
        case.payments[0].charged = false;
    };
    assert_eq!(broken(given_back), []);
}

#[test]
fn an_order_that_does_not_stand_costs_and_sends_nothing() {
    assert_eq!(broken(closed), []);
    let kept = |case: &mut OrderFacts| {
        closed(case);
        case.payments[0].charged = true;
    };
    assert_eq!(broken(kept), [Rule::KeptMoney]);
    let sent = |case: &mut OrderFacts| {
        closed(case);
        case.shipments.push(shipment("s"));
    };
    assert_eq!(broken(sent), [Rule::ShippedUnpaid]);
    let recalled = |case: &mut OrderFacts| {
        sent(case);
        case.shipments[0].recalled = true;
    };
    assert_eq!(broken(recalled), []);
}

#[test]
fn a_standing_order_has_one_shipment() {
    assert_eq!(broken(|case| case.shipments.clear()), [Rule::Unshipped]);
    assert_eq!(
        broken(|case| case.shipments.push(shipment("t"))),
        [Rule::ShippedTwice]
    );
    assert_eq!(
        broken(|case| case.shipments[0].recalled = true),
        [Rule::Unshipped]
    );
}

#[test]
fn an_order_may_be_pending_until_its_deadline() {
    assert_eq!(broken(pending), [Rule::Stuck]);
    let in_time = |case: &mut OrderFacts| {
        pending(case);
        case.orders[0].placed_at_ms = DEADLINE + 1;
        // Payment may know before the order does.
        case.payments[0].charged = true;
        assert!(is_open(case));
    };
    assert_eq!(broken(in_time), []);
    assert!(!is_open(&good()));
}

#[test]
fn what_was_asked_for_once_exists_once() {
    let named = |id: &str, state| Order {
        id: id.to_owned(),
        state,
        ..order()
    };
    let one = named("1", State::Standing);
    assert_eq!(judge_duplicates(&[]), None);
    assert_eq!(
        judge_duplicates(&[one.clone(), one.clone()]),
        None,
        "the same order"
    );
    assert_eq!(
        judge_duplicates(&[one.clone(), named("2", State::Closed)]),
        None
    );
    for state in [State::Standing, State::Pending] {
        let violation = judge_duplicates(&[named("2", state), one.clone()]).unwrap();
        assert_eq!((violation.rule, &*violation.order_id), (Rule::Doubled, "1"));
        assert!(violation.facts.contains('2'));
    }
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut names = Rule::ALL.map(Rule::name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Rule::ALL.len());
}
