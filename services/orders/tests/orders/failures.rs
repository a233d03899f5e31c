//! Neighbours that are down or hang: an error means that there is no order and
//! nothing was charged.

use chassis::testing::database_url;
use proto::orders as pb;
use tonic::Code;

use crate::support::neighbours::Facts;
use crate::support::{Fault, Neighbours, Process, refusal};

/// A process that gives up soon.
async fn hasty(neighbours: &Neighbours) -> Process {
    let flags = ["--place-timeout", "400ms"];
    Process::with(neighbours, &database_url().await, &flags).await
}

#[tokio::test]
async fn nothing_is_charged_when_something_cannot_be_read() {
    for method in [
        "GetCustomer",
        "GetAddress",
        "GetCard",
        "GetCart",
        "GetProducts",
    ] {
        let neighbours = Neighbours::start().await;
        let process = Process::start(&neighbours).await;
        neighbours.fail(method, Fault::Down);
        assert_eq!(
            refusal(process.place("k").await).0,
            Code::Unavailable,
            "{method}"
        );
        assert_eq!(neighbours.calls("Authorise"), 0, "{method}");
        let all = process.all().await;
        assert_eq!(all[0].state(), pb::State::Cancelled, "{method}");
        process.relay().await;
        assert_eq!(
            neighbours.calls("Void"),
            0,
            "{method}: payment was never asked"
        );
    }
}

#[tokio::test]
async fn a_neighbour_that_hangs_is_a_deadline_exceeded() {
    for method in ["GetCart", "GetProducts", "Authorise"] {
        let neighbours = Neighbours::start().await;
        let process = hasty(&neighbours).await;
        neighbours.fail(method, Fault::HangBefore);
        assert_eq!(
            refusal(process.place("k").await).0,
            Code::DeadlineExceeded,
            "{method}"
        );
        assert_eq!(
            process.all().await[0].state(),
            pb::State::Cancelled,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_failed_attempt_may_be_repeated_with_its_key() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    neighbours.fail("Authorise", Fault::Down);
    assert_eq!(refusal(process.place("k").await).0, Code::Unavailable);

    neighbours.heal();
    let order = process.place("k").await.unwrap();
    assert_eq!(order.state(), pb::State::Paid);
    let again = process.place("k").await.unwrap();
    assert_eq!(again.id, order.id);
    process.relay().await;
    let facts = neighbours.facts();
    let taken = facts.authorisations.values();
    let taken: Vec<_> = taken.filter(|one| one.authorised && !one.voided).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].order_id, order.id);
    assert_eq!(facts.shipments.len(), 1);
}

#[tokio::test]
async fn money_taken_without_an_answer_goes_back() {
    let neighbours = Neighbours::start().await;
    let process = hasty(&neighbours).await;
    neighbours.fail("Authorise", Fault::HangAfter);
    assert_eq!(refusal(process.place("k").await).0, Code::DeadlineExceeded);
    let order = process.all().await.remove(0);
    assert_eq!(order.state(), pb::State::Cancelled);
    assert_eq!(order.reason, "timed out");
    assert!(neighbours.facts().authorisations[&order.id].authorised);

    process.relay().await;
    assert!(neighbours.facts().authorisations[&order.id].voided);
    assert!(neighbours.facts().shipments.is_empty());
}

#[tokio::test]
async fn what_cannot_be_delivered_is_delivered_later() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    neighbours.fail("CreateShipment", Fault::Down);
    let order = process.place("k").await.unwrap();
    process.relay().await;
    assert!(neighbours.facts().shipments.is_empty());
    assert_eq!(process.shop.store.backlog().await.unwrap(), (0, 1));

    neighbours.heal();
    let (shutdown, work) = process.work();
    let known = |facts: &Facts| facts.shipments.contains_key(&order.id);
    neighbours.wait_until(known).await;
    shutdown.drain(std::time::Duration::ZERO).await;
    work.await.unwrap();
}
