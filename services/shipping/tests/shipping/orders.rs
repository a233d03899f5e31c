//! Tests of one shipment per order, also under repeated requests.

use proto::shipping as pb;
use tonic::Code;

use super::{app, client, create};

#[tokio::test]
async fn an_order_has_one_shipment() {
    let app = app().await;
    let first = create(&app, "", "order-1", "ann").await.unwrap();
    assert!(uuid::Uuid::parse_str(&first.id).is_ok());
    assert_eq!(create(&app, "", "order-1", "ann").await, Ok(first.clone()));
    assert_eq!(
        create(&app, &first.id, "order-1", "ann").await,
        Ok(first.clone())
    );
    assert_eq!(
        create(&app, &first.id, "order-2", "bob").await,
        Err(Code::AlreadyExists)
    );

    let second = create(&app, "", "order-2", "bob").await.unwrap();
    let request = pb::GetShipmentsOfOrdersRequest {
        order_ids: vec!["order-1".into(), "order-2".into(), "order-3".into()],
    };
    let answer = client(&app).get_shipments_of_orders(request).await;
    let mut found = answer.unwrap().into_inner().shipments;
    found.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    assert_eq!(found, [first, second]);
}

#[tokio::test]
async fn orders_are_asked_for_by_the_200() {
    let app = app().await;
    let get_by_orders = async |count| {
        let order_ids = (0..count).map(|n: u32| format!("order-{n}")).collect();
        let request = pb::GetShipmentsOfOrdersRequest { order_ids };
        let answer = client(&app).get_shipments_of_orders(request).await;
        answer.map(|answer| answer.into_inner().shipments.len())
    };
    create(&app, "", "order-199", "ann").await.unwrap();
    assert_eq!(get_by_orders(0).await.unwrap(), 0);
    assert_eq!(get_by_orders(200).await.unwrap(), 1);
    assert_eq!(
        get_by_orders(201).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn many_callers_at_once_make_one_shipment() {
    let app = app().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { create(&app, "", "busy", "ann").await.unwrap().id })
        })
        .collect();
    let mut ids = Vec::new();
    for call in calls {
        ids.push(call.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}
