//! Placing an order when all is well, or the customer asks too much.

use proto::{cart, orders as pb};
use tonic::Code;

use crate::support::{ADDRESS, CARD, CUSTOMER, Neighbours, Process, SOCK, path, refusal, wish};

#[tokio::test]
async fn a_placed_order_is_paid_for_its_exact_total() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();

    assert_eq!(order.state(), pb::State::Paid);
    assert_eq!(path(&order), [pb::State::Pending, pb::State::Paid]);
    assert_eq!(
        (
            order.subtotal_cents,
            order.shipping_cents,
            order.total_cents
        ),
        (5400, 499, 5899)
    );
    assert_eq!(order.customer.as_ref().unwrap().username, "user");
    assert_eq!(order.address.as_ref().unwrap().street, "Whitelees Road");
    assert_eq!(
        order.card.as_ref().unwrap().masked_number,
        "************5918"
    );
    assert_eq!(order.items[0].product_id, SOCK);
    assert_eq!(order.items[0].name, "Weave special");
    assert_eq!(order.idempotency_key, "k");
    assert_eq!(process.get(&order.id).await, order);

    let facts = neighbours.facts();
    assert_eq!(facts.authorisations[&order.id].amount_cents, 5899);
}

#[tokio::test]
async fn shipping_and_cart_are_told_once_the_order_is_paid() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    assert!(neighbours.facts().shipments.is_empty());

    process.relay().await;
    let facts = neighbours.facts();
    let shipment = &facts.shipments[&order.id];
    assert_eq!(
        (&shipment.id, &*shipment.name),
        (&order.shipment_id, CUSTOMER)
    );
    assert_eq!(facts.carts[CUSTOMER], []);
}

#[tokio::test]
async fn what_is_added_between_the_order_and_its_clearing_stays_in_the_cart() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    process.place("k").await.unwrap();
    neighbours.fill_cart(5, 1800);
    let late = cart::Item {
        product_id: "late".into(),
        quantity: 1,
        ..Default::default()
    };
    let fill = |lines: &mut Vec<cart::Item>| lines.push(late.clone());
    neighbours.facts().carts.get_mut(CUSTOMER).map(fill);
    process.relay().await;
    let left = neighbours.facts().carts[CUSTOMER].clone();
    assert_eq!((left.len(), left[0].quantity, &left[1]), (2, 2, &late));
}

#[tokio::test]
async fn a_cart_that_is_to_be_kept_is_left_alone() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let wish = pb::PlaceOrderRequest {
        keep_cart: true,
        ..wish("k")
    };
    let order = process.ask(wish).await.unwrap();
    process.relay().await;
    let facts = neighbours.facts();
    assert!(facts.shipments.contains_key(&order.id));
    assert_eq!(facts.carts[CUSTOMER].len(), 1);
}

#[tokio::test]
async fn workers_are_woken_by_a_new_order() {
    let neighbours = Neighbours::start().await;
    let database = chassis::testing::database_url().await;
    let flags = ["--relay-every", "1h", "--follow-every", "1h"];
    let process = Process::with(&neighbours, &database, &flags).await;
    let (shutdown, work) = process.work();
    process.place("k").await.unwrap();
    neighbours.wait_for("CreateShipment").await;
    shutdown.drain(std::time::Duration::ZERO).await;
    work.await.unwrap();
}

#[tokio::test]
async fn the_same_key_means_the_same_order() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let first = process.place("k").await.unwrap();
    process.relay().await;
    let second = process.place("k").await.unwrap();
    assert_eq!(first, second);

    neighbours.fill_cart(1, 1800);
    let other = process.place("another").await.unwrap();
    assert_ne!(first.id, other.id);
    assert_eq!(neighbours.facts().authorisations.len(), 2);
}

#[tokio::test]
async fn an_empty_key_is_a_new_one() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let first = process.place("").await.unwrap();
    let second = process.place("").await.unwrap();
    assert_ne!(first.id, second.id);
    assert_ne!(first.idempotency_key, second.idempotency_key);
}

#[tokio::test]
async fn the_price_is_the_catalogues_whatever_the_cart_says() {
    let neighbours = Neighbours::start().await;
    neighbours.fill_cart(2, 1);
    let process = Process::start(&neighbours).await;
    let order = process.place("k").await.unwrap();
    assert_eq!(order.items[0].unit_price_cents, 1800);
    assert_eq!(order.total_cents, 2 * 1800 + 499);
}

#[tokio::test]
async fn a_product_that_is_no_longer_sold_is_refused_by_name() {
    let neighbours = Neighbours::start().await;
    neighbours.facts().prices.clear();
    let process = Process::start(&neighbours).await;
    let (code, message) = refusal(process.place("k").await);
    assert_eq!(code, Code::FailedPrecondition);
    assert!(message.contains(SOCK), "{message}");
    assert_eq!(neighbours.calls("Authorise"), 0);
}

#[tokio::test]
async fn nothing_is_ordered_for_another_total_than_the_buyer_was_shown() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let shown = |cents| pb::PlaceOrderRequest {
        confirmed_total_cents: Some(cents),
        ..wish("k")
    };
    // Three pairs, and one of them is gone before the order is placed.
    let total = 3 * 1800 + 499;
    neighbours.fill_cart(2, 1800);
    let (code, message) = refusal(process.ask(shown(total)).await);
    assert_eq!(code, Code::Aborted);
    assert!(message.contains("4099 cents"), "{message}");
    assert_eq!(neighbours.calls("Authorise"), 0);
    assert_eq!(process.all().await[0].state(), pb::State::Cancelled);

    // Shown what it comes to now, the buyer may go on with the same key.
    let order = process.ask(shown(4099)).await.unwrap();
    assert_eq!((order.state(), order.total_cents), (pb::State::Paid, 4099));
    assert_eq!(neighbours.calls("Authorise"), 1);
    assert_eq!(process.ask(shown(total)).await.unwrap(), order);
}

#[tokio::test]
async fn an_empty_cart_is_refused_and_the_key_may_be_used_again() {
    let neighbours = Neighbours::start().await;
    neighbours.facts().carts.clear();
    let process = Process::start(&neighbours).await;
    let refused = refusal(process.place("k").await);
    assert_eq!(
        refused,
        (Code::FailedPrecondition, "the cart is empty".into())
    );
    assert_eq!(neighbours.calls("Authorise"), 0);

    neighbours.fill_cart(1, 1800);
    let order = process.place("k").await.unwrap();
    assert_eq!(order.state(), pb::State::Paid);
}

#[tokio::test]
async fn a_strangers_address_or_card_is_not_found() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let of = |address: &str, card: &str| pb::PlaceOrderRequest {
        address_id: address.into(),
        card_id: card.into(),
        ..wish("k")
    };
    let stranger = "57a98d98e4b00679b4a830ad";
    let refused = refusal(process.ask(of(stranger, CARD)).await);
    assert_eq!(refused, (Code::NotFound, "address not found".into()));
    let refused = refusal(process.ask(of(ADDRESS, stranger)).await);
    assert_eq!(refused, (Code::NotFound, "card not found".into()));
    assert_eq!(neighbours.calls("Authorise"), 0);
    let states = process.all().await;
    assert!(
        states
            .iter()
            .all(|order| order.state() == pb::State::Cancelled)
    );
}

#[tokio::test]
async fn a_declined_order_stays_declined_under_its_key() {
    let neighbours = Neighbours::start().await;
    neighbours.fill_cart(6, 1800);
    let process = Process::start(&neighbours).await;
    let said = "Payment declined: amount exceeds 105.00".to_owned();
    for _ in 0..2 {
        let refused = refusal(process.place("k").await);
        assert_eq!(refused, (Code::FailedPrecondition, said.clone()));
    }
    let all = process.all().await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].state(), &all[0].reason),
        (pb::State::Declined, &said)
    );
    assert_eq!(path(&all[0]), [pb::State::Pending, pb::State::Declined]);
    assert_eq!(neighbours.calls("Authorise"), 1);
    process.relay().await;
    assert!(neighbours.facts().shipments.is_empty());
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_invalid() {
    let neighbours = Neighbours::start().await;
    let process = Process::start(&neighbours).await;
    let no_card = pb::PlaceOrderRequest {
        card_id: String::new(),
        ..wish("k")
    };
    let endless = wish(&"k".repeat(201));
    for wish in [no_card, endless] {
        assert_eq!(refusal(process.ask(wish).await).0, Code::InvalidArgument);
    }
    assert!(process.all().await.is_empty());
}
