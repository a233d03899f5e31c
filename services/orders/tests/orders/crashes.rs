//! A process that dies at any step: the order ends paid and shipped once, or
//! cancelled with nothing charged.
//!
//! A crash is a future dropped where it stands: nothing of what was to follow
//! happens, as with a killed process.

use proto::orders as pb;
use tonic::Code;

use crate::support::{Fault, Neighbours, Process, path, refusal};

/// Places an order and dies while `method` is being called.
async fn crash_at(process: &Process, neighbours: &Neighbours, method: &'static str, fault: Fault) {
    neighbours.fail(method, fault);
    tokio::select! {
        outcome = process.place("k") => panic!("ended before the crash: {outcome:?}"),
        () = neighbours.wait_for(method) => {}
    }
    neighbours.heal();
    let order = process.all().await.remove(0);
    assert_eq!(order.state(), pb::State::Pending);
}

#[tokio::test]
async fn a_crash_before_there_was_a_price_cancels() {
    for method in ["GetCustomer", "GetCart", "GetProducts"] {
        let neighbours = Neighbours::start().await;
        let process = Process::start(&neighbours).await;
        crash_at(&process, &neighbours, method, Fault::HangBefore).await;
        assert_eq!(process.recover().await, 1);
        assert_eq!(process.all().await[0].state(), pb::State::Cancelled);
        process.relay().await;
        assert!(neighbours.facts().authorisations.is_empty());
        assert_eq!(process.recover().await, 0);
    }
}

#[tokio::test]
async fn a_crash_before_payment_heard_of_it_cancels_and_voids() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangBefore).await;
    process.recover().await;
    process.relay().await;
    let order = process.all().await.remove(0);
    assert_eq!(order.state(), pb::State::Cancelled);
    assert_eq!(path(&order), [pb::State::Pending, pb::State::Cancelled]);
    let voided = neighbours.facts().authorisations[&order.id].clone();
    assert!(voided.voided, "a late authorisation is refused");
}

#[tokio::test]
async fn a_crash_after_payment_said_yes_ends_paid_and_shipped_once() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangAfter).await;
    process.recover().await;
    process.relay().await;
    let order = process.all().await.remove(0);
    assert_eq!((order.state(), order.total_cents), (pb::State::Paid, 5899));
    assert_eq!(neighbours.calls("CreateShipment"), 1);
    assert_eq!(neighbours.calls("Void"), 0);
    assert_eq!(process.place("k").await.unwrap().id, order.id);
}

#[tokio::test]
async fn a_crash_after_payment_said_no_ends_declined() {
    let neighbours = Neighbours::start().await;
    neighbours.fill_cart(6, 1800);
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangAfter).await;
    process.recover().await;
    let order = process.all().await.remove(0);
    assert_eq!(order.state(), pb::State::Declined);
    assert_eq!(
        refusal(process.place("k").await).0,
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn a_repeat_does_not_wait_for_recovery() {
    for (method, fault) in [
        ("GetCart", Fault::HangBefore),
        ("Authorise", Fault::HangBefore),
        ("Authorise", Fault::HangAfter),
    ] {
        let neighbours = Neighbours::start().await;
        let process = Process::start(&neighbours).await;
        crash_at(&process, &neighbours, method, fault).await;
        let pending = process.all().await.remove(0);
        let order = process.place("k").await.unwrap();
        assert_eq!(
            (order.id, order.state),
            (pending.id, pb::State::Paid.into())
        );
        assert_eq!(neighbours.facts().authorisations.len(), 1);
    }
}

#[tokio::test]
async fn a_price_once_fixed_outlives_a_crash() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangAfter).await;
    neighbours.fill_cart(1, 1);
    neighbours.facts().prices.clear();
    let order = process.place("k").await.unwrap();
    assert_eq!(order.total_cents, 5899);
}

#[tokio::test]
async fn recovery_waits_for_a_payment_service_that_is_away() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangAfter).await;
    neighbours.fail("GetAuthorisation", Fault::Down);
    assert_eq!(process.recover().await, 0);
    assert_eq!(process.all().await[0].state(), pb::State::Pending);
    neighbours.heal();
    assert_eq!(process.recover().await, 1);
    assert_eq!(process.all().await[0].state(), pb::State::Paid);
}

#[tokio::test]
async fn an_order_in_time_is_nobodys_to_recover() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    crash_at(&process, &neighbours, "Authorise", Fault::HangAfter).await;
    let now = chassis::clock::now_ms();
    assert_eq!(orders::recover::sweep(&process.shop, now).await.unwrap(), 0);
}

#[tokio::test]
async fn a_crash_while_telling_tells_again_and_ships_once() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    neighbours.fail("CreateShipment", Fault::HangAfter);
    tokio::select! {
        () = process.relay() => panic!("ended before the crash"),
        () = neighbours.wait_for("CreateShipment") => {}
    }
    neighbours.heal();
    let later = chassis::clock::now_ms() + 60_000;
    let left = process.shop.store.claim(later, 0, 10).await.unwrap();
    assert!(left.iter().any(|message| message.order_id == order.id));
    process.relay().await;
    assert_eq!(neighbours.facts().shipments.len(), 1);
    assert_eq!(process.shop.store.backlog().await.unwrap(), (0, 0));
}
