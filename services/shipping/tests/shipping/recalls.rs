//! Tests of recalling shipments before they are packed.

use axum::Router;
use proto::shipping as pb;
use proto::shipping::State;
use tonic::Code;

use super::{app, client, create, lease, list, shipment};

async fn recall(app: &Router, order: &str) -> Result<pb::Shipment, tonic::Status> {
    let order_id = order.to_owned();
    let request = pb::RecallShipmentRequest { order_id };
    let answer = client(app).recall_shipment(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn pack(app: &Router, lease: &pb::Lease) -> Result<pb::Shipment, tonic::Status> {
    let id = lease.shipment.clone().unwrap().id;
    let token = lease.token.clone();
    let step = pb::PackShipmentRequest { id, token };
    let answer = client(app).pack_shipment(step).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_waiting_shipment_is_recalled_and_never_leased() {
    let app = app().await;
    let first = create(&app, "", "order-1", "ann").await.unwrap();
    let recalled = recall(&app, "order-1").await.unwrap();
    assert_eq!(
        (&recalled.id, recalled.state()),
        (&first.id, State::Recalled)
    );
    assert_eq!(recall(&app, "order-1").await.unwrap(), recalled);
    assert_eq!(
        create(&app, "", "order-1", "ann").await,
        Ok(recalled.clone())
    );
    assert_eq!(lease(&app, "worker", 10).await, []);
    let queue = client(&app).get_queue(pb::GetQueueRequest {}).await;
    assert_eq!(queue.unwrap().into_inner(), pb::Queue::default());
    assert_eq!(
        list(&app, State::Recalled, 0, "").await.shipments,
        [recalled]
    );
}

#[tokio::test]
async fn a_worker_is_refused_what_was_recalled_while_it_held_it() {
    let app = app().await;
    create(&app, "s", "order-1", "ann").await.unwrap();
    let held = lease(&app, "worker", 10).await.remove(0);
    let recalled = recall(&app, "order-1").await.unwrap();
    let refused = pack(&app, &held).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::FailedPrecondition, "the shipment was recalled")
    );
    assert_eq!(shipment(&app, "s").await, Ok(recalled));
}

#[tokio::test]
async fn a_packed_or_shipped_one_is_too_late_to_recall() {
    let app = app().await;
    create(&app, "s", "order-1", "ann").await.unwrap();
    let held = lease(&app, "worker", 10).await.remove(0);
    let packed = pack(&app, &held).await.unwrap();
    let late = async || {
        let refused = recall(&app, "order-1").await.unwrap_err();
        (refused.code(), refused.message().to_owned())
    };
    let refusal = (Code::FailedPrecondition, "already packed".to_owned());
    assert_eq!(late().await, refusal);
    assert_eq!(shipment(&app, "s").await, Ok(packed));

    let (id, token) = ("s".into(), held.token);
    let step = pb::CompleteShipmentRequest { id, token };
    client(&app).complete_shipment(step).await.unwrap();
    assert_eq!(late().await, refusal);
}

#[tokio::test]
async fn an_order_recalled_before_its_shipment_came_in_is_never_shipped() {
    let app = app().await;
    let recalled = recall(&app, "order-1").await.unwrap();
    assert_eq!(
        (&*recalled.order_id, recalled.state()),
        ("order-1", State::Recalled)
    );
    assert_eq!(recall(&app, "order-1").await.unwrap(), recalled);
    for id in ["", "s"] {
        assert_eq!(
            create(&app, id, "order-1", "ann").await,
            Ok(recalled.clone())
        );
    }
    assert_eq!(shipment(&app, "s").await, Err(Code::NotFound));
    assert_eq!(lease(&app, "worker", 10).await, []);

    let other = create(&app, "", "order-2", "ann").await.unwrap();
    assert_eq!(other.state(), State::Waiting, "other orders are shipped");
}

#[tokio::test]
async fn only_orders_can_be_recalled() {
    let app = app().await;
    create(&app, "s", "", "ann").await.unwrap();
    for nonsense in ["", "a\0b", &"x".repeat(201)] {
        let refused = recall(&app, nonsense).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert_eq!(list(&app, State::Waiting, 0, "").await.shipments.len(), 1);
}

#[tokio::test]
async fn of_a_recall_a_creation_and_a_worker_at_once_all_see_one_end() {
    let app = app().await;
    for round in 0..10 {
        let order = format!("order-{round}");
        let work = async {
            let leases = lease(&app, "worker", 10).await;
            match leases.first() {
                Some(held) => pack(&app, held).await.is_ok(),
                None => false,
            }
        };
        let (created, recalled, packed) =
            tokio::join!(create(&app, "", &order, "ann"), recall(&app, &order), work);
        let order_ids = vec![order];
        let request = pb::GetShipmentsOfOrdersRequest { order_ids };
        let answer = client(&app).get_shipments_of_orders(request).await;
        let found = answer.unwrap().into_inner().shipments;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, created.unwrap().id);
        assert_eq!(recalled.is_ok(), !packed);
        assert_eq!(found[0].state() == State::Recalled, recalled.is_ok());
    }
}
