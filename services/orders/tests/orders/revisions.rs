//! One revision of a cart is bought once.

use chassis::Error;
use futures_util::future::join_all;
use proto::orders as pb;
use tonic::{Code, Status};

use crate::support::{Fault, Neighbours, Process, Shared, wish};

/// A wish for the cart as it is now, under a key of its own.
fn shown(neighbours: &Neighbours, key: &str) -> pb::PlaceOrderRequest {
    pb::PlaceOrderRequest {
        cart_revision: neighbours.revision(),
        ..wish(key)
    }
}

/// The id of the order that a refusal names.
fn existing(outcome: Result<pb::Order, Status>) -> String {
    let status = outcome.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
    match Error::from(status) {
        Error::Duplicate { existing_id, .. } => existing_id,
        error => panic!("no order is named: {error}"),
    }
}

#[tokio::test]
async fn four_forms_that_show_one_cart_buy_it_once() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let (first, second) = shared.processes(&neighbours).await;
    let placed = (0..4).map(|tab| {
        let wish = shown(&neighbours, &tab.to_string());
        if tab % 2 == 0 { &first } else { &second }.ask(wish)
    });
    let (orders, refusals): (Vec<_>, Vec<_>) =
        join_all(placed).await.into_iter().partition(Result::is_ok);

    assert_eq!((orders.len(), refusals.len()), (1, 3));
    let order = orders.into_iter().next().unwrap().unwrap();
    for refusal in refusals {
        assert_eq!(existing(refusal), order.id);
    }
    assert_eq!(first.all().await.len(), 1);
    assert_eq!(neighbours.facts().authorisations.len(), 1);
}

#[tokio::test]
async fn a_second_form_is_told_of_the_order_also_when_the_cart_was_cleared() {
    let (neighbours, process) = Process::alone().await;
    let (one, two) = (shown(&neighbours, "one"), shown(&neighbours, "two"));
    let order = process.ask(one.clone()).await.unwrap();
    assert_eq!(existing(process.ask(two.clone()).await), order.id);
    process.relay().await;
    assert_eq!(existing(process.ask(two).await), order.id);
    let again = process.ask(one).await.unwrap();
    assert_eq!(again.id, order.id, "the same key means the same order");
}

#[tokio::test]
async fn a_cart_that_has_changed_is_not_bought() {
    let (neighbours, process) = Process::alone().await;
    let form = shown(&neighbours, "k");
    neighbours.fill_cart(3, 1800);
    let status = process.ask(form).await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted, "{status:?}");
    assert_eq!(neighbours.calls("Authorise"), 0);

    let order = process.ask(shown(&neighbours, "k")).await.unwrap();
    assert_eq!(order.state(), pb::State::Paid);
}

#[tokio::test]
async fn a_new_basket_of_the_same_socks_may_be_bought() {
    let (neighbours, process) = Process::alone().await;
    let first = process.ask(shown(&neighbours, "one")).await.unwrap();
    process.relay().await;
    neighbours.fill_cart(3, 1800);
    let second = process.ask(shown(&neighbours, "two")).await.unwrap();
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_declined_or_failed_attempt_gives_the_cart_back() {
    let (neighbours, process) = Process::alone().await;
    neighbours.facts().limit_cents = 100;
    let declined = process.ask(shown(&neighbours, "declined")).await;
    assert_eq!(declined.unwrap_err().code(), Code::FailedPrecondition);

    neighbours.facts().limit_cents = 10_500;
    neighbours.fail("Authorise", Fault::Down);
    let failed = process.ask(shown(&neighbours, "failed")).await;
    assert_eq!(failed.unwrap_err().code(), Code::Unavailable);

    neighbours.heal();
    let order = process.ask(shown(&neighbours, "another")).await.unwrap();
    process.cancel(&order.id).await.unwrap();
    let order = process.ask(shown(&neighbours, "later")).await.unwrap();
    assert_eq!(order.state(), pb::State::Paid);
}

#[tokio::test]
async fn a_form_waits_for_the_one_before_it_and_buys_when_that_fails() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let flags = ["--place-timeout", "300ms"];
    let hasty = Process::with(&neighbours, &shared.url, &flags).await;
    let patient = Process::with(&neighbours, &shared.url, &[]).await;
    neighbours.fail("Authorise", Fault::HangBefore);
    let first = async {
        let refused = hasty.ask(shown(&neighbours, "first")).await.unwrap_err();
        neighbours.heal();
        refused
    };
    let second = async {
        neighbours.wait_for("Authorise").await;
        patient.ask(shown(&neighbours, "second")).await
    };
    let (refused, order) = tokio::join!(first, second);
    assert_eq!(refused.code(), Code::DeadlineExceeded, "{refused:?}");
    assert_eq!(order.unwrap().state(), pb::State::Paid);
    assert_eq!(neighbours.facts().authorisations.len(), 1);
}

#[tokio::test]
async fn callers_that_name_no_revision_buy_as_often_as_they_ask() {
    let (neighbours, process) = Process::alone().await;
    let kept = |key: &str| pb::PlaceOrderRequest {
        keep_cart: true,
        ..wish(key)
    };
    let one = process.ask(kept("one")).await.unwrap();
    let two = process.ask(kept("two")).await.unwrap();
    assert_ne!(one.id, two.id);
    assert_eq!(neighbours.facts().authorisations.len(), 2);
}
