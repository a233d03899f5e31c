//! Two processes on one database.

use proto::orders as pb;

use crate::support::{Fault, Neighbours, Shared};

#[tokio::test]
async fn many_repeats_at_once_are_one_order_paid_once() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let (first, second) = shared.processes(&neighbours).await;
    let placed = (0..20).map(|n| if n % 2 == 0 { &first } else { &second }.place("k"));
    let placed = futures_util::future::join_all(placed).await;

    let one = placed[0].as_ref().unwrap();
    for order in &placed {
        let order = order.as_ref().unwrap();
        assert_eq!((&order.id, order.state()), (&one.id, pb::State::Paid));
    }
    assert_eq!(first.all().await.len(), 1);
    assert_eq!(neighbours.facts().authorisations.len(), 1);
    tokio::join!(first.relay(), second.relay());
    assert_eq!(neighbours.calls("CreateShipment"), 1);
}

#[tokio::test]
async fn what_one_left_behind_the_other_takes_up_once() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let (first, second) = shared.processes(&neighbours).await;
    neighbours.fail("Authorise", Fault::HangAfter);
    tokio::select! {
        outcome = first.place("k") => panic!("ended before the crash: {outcome:?}"),
        () = neighbours.wait_for("Authorise") => {}
    }
    neighbours.heal();
    tokio::join!(first.recover(), second.recover());
    tokio::join!(first.relay(), second.relay());
    assert_eq!(neighbours.calls("CreateShipment"), 1);

    let id = second.all().await.remove(0).id;
    let facts = |at_ms| {
        let mut facts = neighbours.facts();
        let shipment = facts.shipments.get_mut(&id).unwrap();
        (shipment.packed_at_ms, shipment.shipped_at_ms) = (at_ms, at_ms + 1);
    };
    facts(11);
    tokio::join!(first.follow(), second.follow());
    let order = first.get(&id).await;
    assert_eq!(order.state(), pb::State::Shipped);
    assert_eq!(order.events.len(), 4);
    assert_eq!((order.events[2].at_ms, order.events[3].at_ms), (11, 12));
}

#[tokio::test]
async fn two_relays_never_claim_the_same_message() {
    let neighbours = Neighbours::start().await;
    let shared = Shared::new().await;
    let (first, second) = shared.processes(&neighbours).await;
    for key in 0..5 {
        neighbours.fill_cart(1, 1800);
        first.place(&key.to_string()).await.unwrap();
    }
    let now = chassis::clock::now_ms();
    let store = &first.shop.store;
    let (one, two) = tokio::join!(
        store.claim(now, now + 60_000, 6),
        second.shop.store.claim(now, now + 60_000, 6)
    );
    let mut claimed = [one.unwrap(), two.unwrap()].concat();
    claimed.extend(store.claim(now, now + 60_000, 6).await.unwrap());
    claimed.sort_by_key(|message| (message.order_id.clone(), message.kind.as_str()));
    let before = claimed.len();
    claimed.dedup_by_key(|message| (message.order_id.clone(), message.kind));
    assert_eq!((before, claimed.len()), (10, 10));
    assert!(store.claim(now, now, 10).await.unwrap().is_empty());

    let lapsed = store.claim(now + 60_001, now + 120_000, 100).await.unwrap();
    assert_eq!(lapsed.len(), 10, "a claim of a dead process runs out");
    assert!(lapsed.iter().all(|message| message.attempts == 2));
}
