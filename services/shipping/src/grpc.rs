//! Shipping over gRPC: for those who send, those who work, those who look.

use std::time::Duration;

use axum::Router;
use chassis::sabotage::crash_point;
use chassis::{Error, clock};
use proto::shipping as pb;
use proto::shipping::shipping_server::{Shipping, ShippingServer};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::shipment::{Lease, MAX_TEXT_LEN, Shipment, State};
use crate::store::{Page, Store};

mod wire;

/// The service's name on the wire.
pub const NAME: &str = ShippingServer::<Service>::NAME;

/// The gRPC routes.
pub fn routes(store: Store, lease: Duration) -> Router {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2);
    chassis::grpc::mount(ShippingServer::new(Service { store, lease_ms }))
}

struct Service {
    store: Store,
    lease_ms: i64,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Shipping for Service {
    async fn create_shipment(
        &self,
        request: Request<pb::CreateShipmentRequest>,
    ) -> Answer<pb::Shipment> {
        let mut request = request.into_inner();
        if request.id.is_empty() {
            request.id = Uuid::new_v4().to_string();
        }
        let now = clock::now_ms();
        let shipment = Shipment::new(&request.id, &request.order_id, &request.name, now)?;
        let shipment = self.store.create(&shipment).await?;
        crash_point("shipment-created");
        Ok(Response::new(shipment.into()))
    }

    async fn get_shipment(&self, request: Request<pb::GetShipmentRequest>) -> Answer<pb::Shipment> {
        let shipment = self.store.get(named(&request.get_ref().id)?).await?;
        Ok(Response::new(shipment.into()))
    }

    async fn get_shipments_of_orders(
        &self,
        request: Request<pb::GetShipmentsOfOrdersRequest>,
    ) -> Answer<pb::GetShipmentsOfOrdersResponse> {
        let orders = request.into_inner().order_ids;
        if orders.len() > 200 {
            return Err(Error::invalid("at most 200 orders can be asked for at once").into());
        }
        for order in &orders {
            named(order)?;
        }
        let found = self.store.of_orders(&orders).await?;
        let shipments = found.into_iter().map(pb::Shipment::from).collect();
        Ok(Response::new(pb::GetShipmentsOfOrdersResponse {
            shipments,
        }))
    }

    async fn list_shipments(
        &self,
        request: Request<pb::ListShipmentsRequest>,
    ) -> Answer<pb::ListShipmentsResponse> {
        let state = wire::state(request.get_ref().state)?;
        let request = request.into_inner();
        let size = match request.page_size {
            0 => 100,
            size => size.min(1000),
        };
        let Page { found, next } = self.store.list(state, &request.page_token, size).await?;
        Ok(Response::new(pb::ListShipmentsResponse {
            shipments: found.into_iter().map(pb::Shipment::from).collect(),
            next_page_token: next,
        }))
    }

    async fn lease_shipments(
        &self,
        request: Request<pb::LeaseShipmentsRequest>,
    ) -> Answer<pb::LeaseShipmentsResponse> {
        let request = request.into_inner();
        let max = match request.max {
            0 => 10,
            max => max.min(100),
        };
        let now_ms = clock::now_ms();
        let lease = Lease {
            worker: named(&request.worker)?.to_owned(),
            token: Uuid::new_v4().to_string(),
            now_ms,
            until_ms: now_ms + self.lease_ms,
        };
        let given = self.store.lease(&lease, max).await?;
        if !given.is_empty() {
            crash_point("leased");
        }
        let leases = given.into_iter().map(|one| wire::lease(one, &lease));
        Ok(Response::new(pb::LeaseShipmentsResponse {
            leases: leases.collect(),
        }))
    }

    async fn pack_shipment(
        &self,
        request: Request<pb::PackShipmentRequest>,
    ) -> Answer<pb::Shipment> {
        let pb::PackShipmentRequest { id, token } = request.into_inner();
        let rule = |shipment: &mut Shipment| shipment.pack(&token, clock::now_ms());
        let shipment = self.store.change(named(&id)?, rule).await?;
        crash_point("packed");
        Ok(Response::new(shipment.into()))
    }

    async fn complete_shipment(
        &self,
        request: Request<pb::CompleteShipmentRequest>,
    ) -> Answer<pb::Shipment> {
        let pb::CompleteShipmentRequest { id, token } = request.into_inner();
        let rule = |shipment: &mut Shipment| shipment.complete(&token, clock::now_ms());
        let shipment = self.store.change(named(&id)?, rule).await?;
        crash_point("shipped");
        Ok(Response::new(shipment.into()))
    }

    async fn fail_shipment(
        &self,
        request: Request<pb::FailShipmentRequest>,
    ) -> Answer<pb::Shipment> {
        let request = request.into_inner();
        let (id, token, reason) = (request.id, request.token, request.reason);
        let rule = |shipment: &mut Shipment| {
            if request.given_back {
                shipment.give_back(&token, &reason, clock::now_ms())
            } else {
                shipment.fail(&token, &reason, clock::now_ms())
            }
        };
        let shipment = self.store.change(named(&id)?, rule).await?;
        if shipment.state == State::Stuck {
            tracing::error!(shipment = shipment.id, reason, "shipment is stuck");
        }
        Ok(Response::new(shipment.into()))
    }

    async fn recall_shipment(
        &self,
        request: Request<pb::RecallShipmentRequest>,
    ) -> Answer<pb::Shipment> {
        let order = named(&request.get_ref().order_id)?;
        let id = Uuid::new_v4().to_string();
        let never = Shipment::never(&id, order, clock::now_ms())?;
        let shipment = self.store.recall(&never).await?;
        crash_point("shipment-recalled");
        Ok(Response::new(shipment.into()))
    }

    async fn get_queue(&self, _: Request<pb::GetQueueRequest>) -> Answer<pb::Queue> {
        let queue = self.store.queue(clock::now_ms()).await?;
        Ok(Response::new(queue.into()))
    }
}

/// Checks a name before a database sees it.
fn named(name: &str) -> Result<&str, Error> {
    let fits = (1..=MAX_TEXT_LEN).contains(&name.len()) && !name.contains('\0');
    fits.then_some(name)
        .ok_or_else(|| Error::invalid(format!("a name must have 1 to {MAX_TEXT_LEN} bytes")))
}
