//! A million orders are audited in the memory of a few thousand.

use std::time::Duration;

use loadtest::audit::facts::{Fact, Order, Payment, Shipment, State};
use loadtest::audit::group::FactStore;
use loadtest::audit::recheck::Rechecks;
use loadtest::audit::report::Report;
use loadtest::journal::Entry;

const ORDERS: u32 = 1_000_000;

/// The most memory this process has had, in kibibytes; nothing where `/proc` is not.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn facts(number: u32) -> [Fact; 4] {
    let id = format!("{number:024x}");
    let customer_id = format!("{:024x}", number / 10);
    let key = format!("key-{number}");
    [
        Fact::Acknowledged(Entry {
            order_id: id.clone(),
            customer_id: customer_id.clone(),
            total_cents: 1999,
            idempotency_key: key.clone(),
            at: 1,
        }),
        Fact::Order(Order {
            id: id.clone(),
            customer_id,
            key,
            state: State::Standing,
            was_paid: true,
            items_cents: Some(1500),
            subtotal_cents: 1500,
            shipping_cents: 499,
            total_cents: 1999,
            placed_at_ms: 0,
        }),
        Fact::Payment(Payment {
            order_id: id.clone(),
            amount_cents: 1999,
            charged: number != 777_777,
        }),
        Fact::Shipment(Shipment {
            id: format!("shipment-{number}"),
            order_id: id,
            stuck: false,
            recalled: false,
        }),
    ]
}

#[test]
#[ignore = "takes a while without optimisation: cargo test --release -p loadtest -- --ignored"]
fn a_million_orders_are_audited_in_bounded_memory() {
    let mut store = FactStore::new(Duration::ZERO).unwrap();
    for fact in (0..ORDERS).flat_map(facts) {
        store.add(&fact).unwrap();
    }
    let read = store.read;
    let mut rechecks = Rechecks::new(Duration::ZERO);
    store.group(&mut rechecks).unwrap();
    let report = Report::of(read, rechecks, Duration::ZERO);
    assert_eq!((report.read.orders, report.broken()), (ORDERS.into(), 1));
    assert_eq!(report.counts["unpaid"], 1);
    let peak = peak().unwrap_or_default();
    assert!(peak < 128 * 1024, "{peak} KiB");
}
