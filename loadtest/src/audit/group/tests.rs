//! Many orders, some of which are wrong.

use super::*;
use crate::audit::facts::{Payment, Shipment, State};
use crate::audit::report::Report;
use crate::journal::Entry;

const ORDERS: u32 = 5000;

/// Everything about order `number`, which is as it should be.
fn facts(number: u32) -> [Fact; 4] {
    let id = format!("{number:024x}");
    let order = Order {
        id: id.clone(),
        customer_id: format!("c{}", number % 100),
        key: format!("k{number}"),
        state: State::Standing,
        was_paid: true,
        items_cents: Some(1500),
        subtotal_cents: 1500,
        shipping_cents: 499,
        total_cents: 1999,
        placed_at_ms: 0,
    };
    let told = Entry {
        order_id: id.clone(),
        customer_id: order.customer_id.clone(),
        total_cents: 1999,
        idempotency_key: order.key.clone(),
        at: 1,
    };
    let payment = Payment {
        order_id: id.clone(),
        amount_cents: 1999,
        charged: true,
    };
    let shipment = Shipment {
        id: format!("s{number}"),
        order_id: id,
        stuck: number.is_multiple_of(1000),
        recalled: false,
    };
    [
        Fact::Acknowledged(told),
        Fact::Order(order),
        Fact::Payment(payment),
        Fact::Shipment(shipment),
    ]
}

/// Audits many orders, some of which `change` makes wrong.
fn audit(change: impl Fn(u32, Fact) -> Option<Fact>) -> Report {
    let mut store = FactStore::new(Duration::ZERO).unwrap();
    for number in 0..ORDERS {
        let kept = facts(number).into_iter();
        let kept = kept.filter_map(|fact| change(number, fact));
        kept.for_each(|fact| store.add(&fact).unwrap());
    }
    let read = store.read;
    let mut rechecks = Rechecks::new(Duration::ZERO);
    store.group(&mut rechecks).unwrap();
    Report::of(read, rechecks, Duration::ZERO)
}

#[test]
fn many_good_orders_are_all_put_together_again() {
    let report = audit(|_, fact| Some(fact));
    assert!(report.ok, "{:?}", report.counts);
    let Read {
        acknowledged,
        orders,
        payments,
        shipments,
        stuck_shipments,
    } = report.read;
    assert_eq!([acknowledged, orders, payments, shipments], [5000; 4]);
    assert_eq!(stuck_shipments, 5);
}

#[test]
fn what_one_service_forgot_is_found_among_many() {
    let report = audit(|number, fact| match fact {
        Fact::Order(_) if number == 7 => None,
        Fact::Payment(_) if number == 8 => None,
        Fact::Shipment(_) if number == 9 => None,
        fact => Some(fact),
    });
    let found: Vec<_> = report
        .faults
        .iter()
        .map(|violation| violation.rule.name())
        .collect();
    assert_eq!(
        found,
        [
            "lost",
            "unpaid",
            "paid without order",
            "no shipment",
            "sent unpaid"
        ]
    );
}

#[test]
fn one_wish_that_became_two_orders_is_found_among_many() {
    let report = audit(|number, fact| match fact {
        // The same customer as order 11, and now the same key.
        Fact::Order(order) if number == 111 => Some(Fact::Order(Order {
            key: "k11".to_owned(),
            ..order
        })),
        Fact::Acknowledged(_) if number == 111 => None,
        fact => Some(fact),
    });
    assert_eq!((report.broken(), report.counts["doubled"]), (1, 1));
    assert!(
        report.faults[0].facts.contains("k11"),
        "{:?}",
        report.faults
    );
}
