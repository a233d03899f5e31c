//! Taking an order back.

use chassis::testing::database_url;
use proto::orders as pb;
use tonic::Code;

use crate::support::{Fault, Neighbours, Process, path, refusal};

#[tokio::test]
async fn an_order_of_which_shipping_knows_nothing_is_cancelled_and_voided() {
    let neighbours = Neighbours::start().await;
    let flags = ["--cancel-window", "1h"];
    let process = Process::with(&neighbours, &database_url().await, &flags).await;
    let order = process.place("k").await.unwrap();
    process.relay().await;
    assert!(
        neighbours.facts().shipments.is_empty(),
        "still in the window"
    );

    for _ in 0..2 {
        let cancelled = process.cancel(&order.id).await.unwrap();
        assert_eq!(
            path(&cancelled),
            [pb::State::Pending, pb::State::Paid, pb::State::Cancelled]
        );
        assert_eq!(cancelled.reason, "cancelled by the customer");
    }
    process.relay().await;
    assert!(neighbours.facts().authorisations[&order.id].voided);
    assert!(neighbours.facts().shipments.is_empty());
    assert_eq!(process.shop.store.backlog().await.unwrap(), (0, 0));
    let repeated = process.place("k").await.unwrap();
    assert_eq!(
        (repeated.id, repeated.state),
        (order.id, pb::State::Cancelled.into())
    );
}

#[tokio::test]
async fn it_is_too_late_once_shipping_was_told() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    process.relay().await;
    let refused = refusal(process.cancel(&order.id).await);
    assert_eq!(
        refused,
        (
            Code::FailedPrecondition,
            "it is too late to cancel this order".into()
        )
    );
    assert_eq!(process.get(&order.id).await.state(), pb::State::Paid);
    assert_eq!(neighbours.calls("Void"), 0);
}

#[tokio::test]
async fn it_is_too_late_when_shipping_may_have_been_told() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    neighbours.fail("CreateShipment", Fault::Down);
    process.relay().await;
    assert_eq!(
        refusal(process.cancel(&order.id).await).0,
        Code::FailedPrecondition
    );
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
    let flags = ["--cancel-window", "1h"];
    let process = Process::with(&neighbours, &database_url().await, &flags).await;
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
    assert!(neighbours.facts().shipments.is_empty());
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
