//! Tests of the work queue: lease, pack, complete, count.

use proto::shipping as pb;
use proto::shipping::State;
use tonic::Code;

use super::{app, client, create, lease, list, shipment};

#[tokio::test]
async fn a_worker_takes_packs_and_completes() {
    let app = app().await;
    create(&app, "s", "order-1", "ann").await.unwrap();
    let leases = lease(&app, "worker", 10).await;
    assert_eq!(leases.len(), 1);
    let token = leases[0].token.clone();
    let first = leases[0].shipment.clone().unwrap();
    assert_eq!((first.state(), first.attempts), (State::Leased, 1));
    assert!(leases[0].expires_at_ms - first.created_at_ms >= 30_000);
    assert_eq!(lease(&app, "other", 10).await, []);

    let step = pb::PackShipmentRequest {
        id: "s".into(),
        token: token.clone(),
    };
    let packed = client(&app).pack_shipment(step).await.unwrap().into_inner();
    assert!(packed.state() == State::Packed && packed.packed_at_ms > 0);
    let step = pb::CompleteShipmentRequest {
        id: "s".into(),
        token: token.clone(),
    };
    let shipped = client(&app)
        .complete_shipment(step.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(shipped.state() == State::Shipped && shipped.shipped_at_ms > 0);
    let again = client(&app)
        .complete_shipment(step)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, shipped);
    assert_eq!(shipment(&app, "s").await, Ok(shipped));
}

#[tokio::test]
async fn strangers_to_a_lease_are_refused() {
    let app = app().await;
    create(&app, "s", "", "ann").await.unwrap();
    lease(&app, "worker", 1).await;
    let (id, token) = (String::from("s"), String::from("guessed"));
    let pack = pb::PackShipmentRequest {
        id: id.clone(),
        token: token.clone(),
    };
    let complete = pb::CompleteShipmentRequest {
        id: id.clone(),
        token: token.clone(),
    };
    let fail = pb::FailShipmentRequest {
        id,
        token,
        reason: "why".into(),
        given_back: false,
    };
    let mut client = client(&app);
    let codes = [
        client.pack_shipment(pack).await.unwrap_err().code(),
        client.complete_shipment(complete).await.unwrap_err().code(),
        client.fail_shipment(fail).await.unwrap_err().code(),
    ];
    assert_eq!(codes, [Code::FailedPrecondition; 3]);
    let nobody = pb::LeaseShipmentsRequest {
        worker: String::new(),
        max: 1,
    };
    let refused = client.lease_shipments(nobody).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_queue_tells_how_much_waits() {
    let app = app().await;
    let queue = async || {
        client(&app)
            .get_queue(pb::GetQueueRequest {})
            .await
            .unwrap()
            .into_inner()
    };
    assert_eq!(queue().await, pb::Queue::default());
    for id in ["a", "b"] {
        create(&app, id, "", "ann").await.unwrap();
    }
    let leased = lease(&app, "worker", 1).await;
    assert_eq!(queue().await.depth, 2);
    let step = pb::CompleteShipmentRequest {
        id: "a".into(),
        token: leased[0].token.clone(),
    };
    client(&app).complete_shipment(step).await.unwrap();
    assert_eq!(queue().await.depth, 1);
}

#[tokio::test]
async fn lists_are_paged_and_can_be_narrowed_to_a_state() {
    let app = app().await;
    for number in 0..5 {
        create(&app, &format!("s-{number}"), "", "ann")
            .await
            .unwrap();
    }
    lease(&app, "worker", 2).await;
    let ids = async |state, size| {
        let (mut token, mut pages) = (String::new(), vec![]);
        loop {
            let page = list(&app, state, size, &token).await;
            pages.push(
                page.shipments
                    .into_iter()
                    .map(|one| one.id)
                    .collect::<Vec<_>>(),
            );
            token = page.next_page_token;
            if token.is_empty() {
                return pages;
            }
        }
    };
    assert_eq!(
        ids(State::Unspecified, 2).await,
        [vec!["s-0", "s-1"], vec!["s-2", "s-3"], vec!["s-4"]]
    );
    assert_eq!(ids(State::Waiting, 3).await, [["s-2", "s-3", "s-4"]]);
    assert_eq!(ids(State::Leased, 0).await, [["s-0", "s-1"]]);
    assert_eq!(ids(State::Stuck, 0).await, [Vec::<String>::new()]);
}
