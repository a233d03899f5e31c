//! Integration tests of shipping over REST and gRPC.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod orders;
mod queue;
mod recalls;
mod rest;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chassis::testing::{Answer, database_url, described, send};
use proto::shipping as pb;
use proto::shipping::State;
use proto::shipping::shipping_client::ShippingClient;
use shipping::Store;
use tonic::Code;

async fn app() -> Router {
    let store = Store::open(&database_url().await).await.unwrap();
    described(shipping::app(store, Duration::from_secs(30))).await
}

fn client(app: &Router) -> ShippingClient<Router> {
    ShippingClient::new(app.clone())
}

async fn post(app: &Router, body: &str, media_type: &str) -> Answer {
    let request = Request::post("/shipping").header("content-type", media_type);
    send(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn create(app: &Router, id: &str, order_id: &str, name: &str) -> Result<pb::Shipment, Code> {
    let request = pb::CreateShipmentRequest {
        id: id.into(),
        order_id: order_id.into(),
        name: name.into(),
    };
    let answer = client(app).create_shipment(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

async fn shipment(app: &Router, id: &str) -> Result<pb::Shipment, Code> {
    let request = pb::GetShipmentRequest { id: id.into() };
    let answer = client(app).get_shipment(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

async fn lease(app: &Router, worker: &str, max: u32) -> Vec<pb::Lease> {
    let request = pb::LeaseShipmentsRequest {
        worker: worker.into(),
        max,
    };
    let answer = client(app).lease_shipments(request).await;
    answer.unwrap().into_inner().leases
}

async fn list(
    app: &Router,
    state: State,
    page_size: u32,
    token: &str,
) -> pb::ListShipmentsResponse {
    let request = pb::ListShipmentsRequest {
        page_size,
        page_token: token.into(),
        state: state.into(),
    };
    client(app)
        .list_shipments(request)
        .await
        .unwrap()
        .into_inner()
}
