//! Following an order to the door.

use proto::orders as pb;

use crate::support::{Fault, Neighbours, Process, path};

/// Moves a shipment as queue-master would.
fn shipped(neighbours: &Neighbours, order: &str, packed_at_ms: i64, shipped_at_ms: i64) {
    let mut facts = neighbours.facts();
    let shipment = facts.shipments.get_mut(order).unwrap();
    (shipment.packed_at_ms, shipment.shipped_at_ms) = (packed_at_ms, shipped_at_ms);
}

#[tokio::test]
async fn an_order_is_packed_and_shipped_when_shipping_says_so() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    process.relay().await;
    process.follow().await;
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);

    let (packed_ms, shipped_ms) = (order.placed_at_ms + 1000, order.placed_at_ms + 2000);
    shipped(&neighbours, &order.id, packed_ms, 0);
    process.follow().await;
    assert_eq!(process.get(&order.id).await.state(), pb::State::Packed);

    shipped(&neighbours, &order.id, packed_ms, shipped_ms);
    process.follow().await;
    let order = process.get(&order.id).await;
    assert_eq!(
        path(&order),
        [
            pb::State::Pending,
            pb::State::Paid,
            pb::State::Packed,
            pb::State::Shipped
        ]
    );
    assert_eq!(
        (order.events[2].at_ms, order.events[3].at_ms),
        (packed_ms, shipped_ms)
    );
}

#[tokio::test]
async fn a_step_that_was_missed_is_recorded_with_its_time() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    process.relay().await;
    shipped(&neighbours, &order.id, 11, 12);
    process.follow().await;
    let order = process.get(&order.id).await;
    assert_eq!(order.state(), pb::State::Shipped);
    assert_eq!((order.events[2].at_ms, order.events[3].at_ms), (11, 12));
    neighbours.facts().calls.clear();
    process.follow().await;
    assert_eq!(
        neighbours.calls("GetShipmentsOfOrders"),
        0,
        "nothing is open"
    );
}

#[tokio::test]
async fn more_open_orders_than_fit_one_question_are_all_asked_about() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    for key in 0..205 {
        let keep = pb::PlaceOrderRequest {
            keep_cart: true,
            ..crate::support::wish(&key.to_string())
        };
        process.ask(keep).await.unwrap();
    }
    process.relay().await;
    for order in process.all().await {
        shipped(&neighbours, &order.id, 11, 12);
    }
    process.follow().await;
    let all = process.all().await;
    assert_eq!(all.len(), 205);
    assert!(all.iter().all(|order| order.state() == pb::State::Shipped));
    assert_eq!(neighbours.calls("GetShipmentsOfOrders"), 2);
}

#[tokio::test]
async fn shipping_that_is_away_changes_nothing() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    neighbours.fail("GetShipmentsOfOrders", Fault::Down);
    orders::track::ask(&process.shop, "").await.unwrap_err();
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);
}
