//! Taking an order back.

use proto::{orders as pb, shipping};
use tonic::Code;

use crate::support::{Fault, Neighbours, Process, Shared, path, refusal};

/// Asserts that nothing will be shipped, and that the money went back.
fn assert_undone(neighbours: &Neighbours, order: &str) {
    let facts = neighbours.facts();
    assert!(facts.authorisations[order].voided);
    let shipment = &facts.shipments[order];
    assert_eq!(shipment.state(), shipping::State::Recalled);
}

#[tokio::test]
async fn a_paid_order_is_recalled_and_voided_whether_shipping_was_told_or_not() {
    for told in [true, false] {
        let (neighbours, process) = Process::alone().await;
        let order = process.place("k").await.unwrap();
        if told {
            process.relay().await;
        }
        for _ in 0..2 {
            let cancelled = process.cancel(&order.id).await.unwrap();
            assert_eq!(
                path(&cancelled),
                [pb::State::Pending, pb::State::Paid, pb::State::Cancelled]
            );
            assert_eq!(cancelled.reason, "cancelled by the customer");
        }
        process.relay().await;
        assert_undone(&neighbours, &order.id);
        assert_eq!(process.shop.store.backlog().await.unwrap(), (0, 0));
        assert_eq!(neighbours.calls("RecallShipment"), 1);
        let repeated = process.place("k").await.unwrap();
        assert_eq!(
            (repeated.id, repeated.state),
            (order.id, pb::State::Cancelled.into())
        );
    }
}

#[tokio::test]
async fn it_is_too_late_once_it_is_packed() {
    let (neighbours, process) = Process::alone().await;
    let order = process.place("k").await.unwrap();
    process.relay().await;
    let packed = |shipment: &mut shipping::Shipment| shipment.packed_at_ms = 11;
    neighbours.facts().shipments.get_mut(&order.id).map(packed);
    let too_late = (
        Code::FailedPrecondition,
        "it is too late to cancel this order".to_owned(),
    );
    assert_eq!(refusal(process.cancel(&order.id).await), too_late);
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);

    process.follow().await;
    assert_eq!(refusal(process.cancel(&order.id).await), too_late);
    assert_eq!(process.get(&order.id).await.state(), pb::State::Packed);
    process.relay().await;
    assert_eq!(neighbours.calls("Void"), 0);
    assert_eq!(neighbours.calls("RecallShipment"), 1);
}

#[tokio::test]
async fn without_shipping_nothing_is_cancelled_yet() {
    let (neighbours, process) = Process::alone().await;
    let order = process.place("k").await.unwrap();
    neighbours.fail("RecallShipment", Fault::Down);
    let refused = refusal(process.cancel(&order.id).await);
    assert_eq!(
        refused,
        (Code::Unavailable, "temporarily unavailable".into())
    );
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);
    neighbours.heal();
    process.cancel(&order.id).await.unwrap();
    process.relay().await;
    assert_undone(&neighbours, &order.id);
}

/// Places an order, and dies while it is being cancelled.
async fn crash(neighbours: &Neighbours, process: &Process, fault: Fault) -> pb::Order {
    let order = process.place("k").await.unwrap();
    neighbours.fail("RecallShipment", fault);
    tokio::select! {
        outcome = process.cancel(&order.id) => panic!("ended before the crash: {outcome:?}"),
        () = neighbours.wait_for("RecallShipment") => {}
    }
    neighbours.heal();
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);
    order
}

#[tokio::test]
async fn a_crash_after_the_recall_is_made_good_by_whoever_follows() {
    let (neighbours, process) = Process::alone().await;
    let order = crash(&neighbours, &process, Fault::HangAfter).await;
    process.relay().await;
    process.follow().await;
    process.relay().await;
    let cancelled = process.get(&order.id).await;
    assert_eq!(
        path(&cancelled),
        [pb::State::Pending, pb::State::Paid, pb::State::Cancelled]
    );
    assert_undone(&neighbours, &order.id);
    process.follow().await;
    process.relay().await;
    assert_eq!(neighbours.calls("Void"), 1);
}

#[tokio::test]
async fn a_crash_after_the_recall_is_made_good_by_a_repeat() {
    let (neighbours, process) = Process::alone().await;
    let order = crash(&neighbours, &process, Fault::HangAfter).await;
    let cancelled = process.cancel(&order.id).await.unwrap();
    assert_eq!(cancelled.state(), pb::State::Cancelled);
    process.relay().await;
    assert_undone(&neighbours, &order.id);
}

#[tokio::test]
async fn a_crash_before_the_recall_leaves_an_order_that_is_shipped() {
    let (neighbours, process) = Process::alone().await;
    let order = crash(&neighbours, &process, Fault::HangBefore).await;
    process.relay().await;
    process.follow().await;
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);
    assert_eq!(neighbours.calls("CreateShipment"), 1);
    assert_eq!(neighbours.calls("Void"), 0);
}

#[tokio::test]
async fn two_processes_cancel_and_follow_at_once_and_the_money_goes_back_once() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let (first, second) = shared.processes(&neighbours).await;
    for round in 0..5 {
        neighbours.fill_cart(1, 1800);
        let order = first.place(&round.to_string()).await.unwrap();
        neighbours.facts().calls.clear();
        let (one, two, ..) = tokio::join!(
            first.cancel(&order.id),
            second.cancel(&order.id),
            first.relay(),
            second.follow()
        );
        assert_eq!(one.unwrap().state(), pb::State::Cancelled);
        assert_eq!(two.unwrap().state(), pb::State::Cancelled);
        tokio::join!(first.relay(), second.relay());
        assert_undone(&neighbours, &order.id);
        assert_eq!(neighbours.calls("Void"), 1);
    }
}

#[tokio::test]
async fn a_pending_order_can_be_cancelled_while_it_is_being_paid() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    neighbours.fail("Authorise", Fault::HangAfter);
    let cancel = async {
        neighbours.wait_for("Authorise").await;
        let id = process.all().await.remove(0).id;
        process.cancel(&id).await.unwrap()
    };
    let cancelled = tokio::select! {
        outcome = process.place("k") => panic!("ended too early: {outcome:?}"),
        cancelled = cancel => cancelled,
    };
    neighbours.heal();
    process.relay().await;
    assert!(neighbours.facts().authorisations[&cancelled.id].voided);
    let repeated = process.place("k").await.unwrap();
    assert_eq!(
        (repeated.id, repeated.state),
        (cancelled.id, pb::State::Cancelled.into())
    );
}

#[tokio::test]
async fn of_a_cancellation_and_a_payment_at_once_one_wins() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    for round in 0..10 {
        let key = round.to_string();
        neighbours.facts().calls.clear();
        neighbours.fill_cart(3, 1800);
        let cancel = async {
            neighbours.wait_for("Authorise").await;
            let all = process.all().await;
            let pending = all.iter().find(|order| order.idempotency_key == key);
            process.cancel(&pending.unwrap().id).await
        };
        let (placed, cancelled) = tokio::join!(process.place(&key), cancel);
        let order = process.get(&cancelled.unwrap().id).await;
        assert_eq!(order.state(), pb::State::Cancelled);
        assert_eq!(placed.unwrap().id, order.id);
        process.relay().await;
        assert!(neighbours.facts().authorisations[&order.id].voided);
    }
    let facts = neighbours.facts();
    let mut shipments = facts.shipments.values();
    assert!(shipments.all(|one| one.state() == shipping::State::Recalled));
}

#[tokio::test]
async fn a_strangers_order_cannot_be_cancelled() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    let request = pb::CancelOrderRequest {
        id: order.id,
        customer_id: "57a98d98e4b00679b4a830af".into(),
    };
    let refused = process.orders.clone().cancel_order(request).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    assert_eq!(refusal(process.cancel("nothing").await).0, Code::NotFound);
}

#[tokio::test]
async fn an_order_that_has_ended_cannot_be_cancelled() {
    let neighbours = Neighbours::start().await;
    neighbours.fill_cart(6, 1800);
    let process = Process::start(&neighbours).await;
    process.place("k").await.unwrap_err();
    let declined = process.all().await.remove(0);
    assert_eq!(
        refusal(process.cancel(&declined.id).await).0,
        Code::FailedPrecondition
    );
    assert_eq!(process.get(&declined.id).await.state(), pb::State::Declined);
}
