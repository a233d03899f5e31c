//! gRPC server of the `Shipping` service, for clients, workers and operators.

use std::time::Duration;

use axum::Router;
use chassis::fault::failpoint::fail_point;
use chassis::{Error, clock};
use proto::shipping as pb;
use proto::shipping::shipping_server::{Shipping, ShippingServer};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::shipment::{Lease, MAX_TEXT_LEN, Shipment, State};
use crate::store::{Page, Store};

mod convert;

/// Maximum order ids per `GetShipmentsOfOrders` call.
const MAX_ORDER_IDS: usize = 200;

/// Fully qualified name of the gRPC service.
pub const NAME: &str = ShippingServer::<Service>::NAME;

/// Builds the routes of the gRPC server.
pub fn routes(store: Store, lease: Duration) -> Router {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2);
    chassis::grpc::mount(ShippingServer::new(Service { store, lease_ms }))
}

/// Implementation of the generated `Shipping` trait over the store.
struct Service {
    store: Store,
    lease_ms: i64,
}

/// Result of a gRPC method.
type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Shipping for Service {
    async fn create_shipment(
        &self,
        request: Request<pb::CreateShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let mut request = request.into_inner();
        if request.id.is_empty() {
            request.id = Uuid::new_v4().to_string();
        }
        let now = clock::now_ms();
        let shipment = Shipment::new(&request.id, &request.order_id, &request.name, now)?;
        let shipment = self.store.create(&shipment).await?;
        fail_point("shipment-created");
        Ok(Response::new(shipment.into()))
    }

    async fn get_shipment(
        &self,
        request: Request<pb::GetShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let shipment = self.store.get(check_name(&request.get_ref().id)?).await?;
        Ok(Response::new(shipment.into()))
    }

    async fn get_shipments_of_orders(
        &self,
        request: Request<pb::GetShipmentsOfOrdersRequest>,
    ) -> RpcResult<pb::GetShipmentsOfOrdersResponse> {
        let orders = request.into_inner().order_ids;
        if orders.len() > MAX_ORDER_IDS {
            return Err(Error::invalid(format!(
                "at most {MAX_ORDER_IDS} orders can be asked for at once"
            ))
            .into());
        }
        for order in &orders {
            check_name(order)?;
        }
        let found = self.store.get_by_orders(&orders).await?;
        let shipments = found.into_iter().map(pb::Shipment::from).collect();
        Ok(Response::new(pb::GetShipmentsOfOrdersResponse {
            shipments,
        }))
    }

    async fn list_shipments(
        &self,
        request: Request<pb::ListShipmentsRequest>,
    ) -> RpcResult<pb::ListShipmentsResponse> {
        let state = convert::state(request.get_ref().state)?;
        let request = request.into_inner();
        let size = match request.page_size {
            0 => 100,
            size => size.min(1000),
        };
        let Page {
            shipments,
            next_page_token,
        } = self.store.list(state, &request.page_token, size).await?;
        Ok(Response::new(pb::ListShipmentsResponse {
            shipments: shipments.into_iter().map(pb::Shipment::from).collect(),
            next_page_token,
        }))
    }

    async fn lease_shipments(
        &self,
        request: Request<pb::LeaseShipmentsRequest>,
    ) -> RpcResult<pb::LeaseShipmentsResponse> {
        let request = request.into_inner();
        let max = match request.max {
            0 => 10,
            max => max.min(100),
        };
        let now_ms = clock::now_ms();
        let lease = Lease {
            worker: check_name(&request.worker)?.to_owned(),
            token: Uuid::new_v4().to_string(),
            now_ms,
            expires_at_ms: now_ms + self.lease_ms,
        };
        let shipments = self.store.lease(&lease, max).await?;
        if !shipments.is_empty() {
            fail_point("leased");
        }
        let leases = shipments
            .into_iter()
            .map(|shipment| convert::lease(shipment, &lease));
        Ok(Response::new(pb::LeaseShipmentsResponse {
            leases: leases.collect(),
        }))
    }

    async fn pack_shipment(
        &self,
        request: Request<pb::PackShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let pb::PackShipmentRequest { id, token } = request.into_inner();
        let rule = |shipment: &mut Shipment| shipment.pack(&token, clock::now_ms());
        let shipment = self.store.change(check_name(&id)?, rule).await?;
        fail_point("packed");
        Ok(Response::new(shipment.into()))
    }

    async fn complete_shipment(
        &self,
        request: Request<pb::CompleteShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let pb::CompleteShipmentRequest { id, token } = request.into_inner();
        let rule = |shipment: &mut Shipment| shipment.complete(&token, clock::now_ms());
        let shipment = self.store.change(check_name(&id)?, rule).await?;
        fail_point("shipped");
        Ok(Response::new(shipment.into()))
    }

    async fn fail_shipment(
        &self,
        request: Request<pb::FailShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let request = request.into_inner();
        let (id, token, reason) = (request.id, request.token, request.reason);
        let rule = |shipment: &mut Shipment| {
            if request.given_back {
                shipment.release(&token, &reason, clock::now_ms())
            } else {
                shipment.fail(&token, &reason, clock::now_ms())
            }
        };
        let shipment = self.store.change(check_name(&id)?, rule).await?;
        if shipment.state == State::Stuck {
            tracing::error!(shipment = shipment.id, reason, "shipment is stuck");
        }
        Ok(Response::new(shipment.into()))
    }

    async fn recall_shipment(
        &self,
        request: Request<pb::RecallShipmentRequest>,
    ) -> RpcResult<pb::Shipment> {
        let order = check_name(&request.get_ref().order_id)?;
        let id = Uuid::new_v4().to_string();
        let tombstone = Shipment::tombstone(&id, order, clock::now_ms())?;
        let shipment = self.store.recall(&tombstone).await?;
        fail_point("shipment-recalled");
        Ok(Response::new(shipment.into()))
    }

    async fn get_queue(&self, _: Request<pb::GetQueueRequest>) -> RpcResult<pb::Queue> {
        let queue = self.store.queue_stats(clock::now_ms()).await?;
        Ok(Response::new(queue.into()))
    }
}

/// Validates an id or a name: 1 to [`MAX_TEXT_LEN`] bytes without NUL.
fn check_name(name: &str) -> Result<&str, Error> {
    let fits = (1..=MAX_TEXT_LEN).contains(&name.len()) && !name.contains('\0');
    fits.then_some(name)
        .ok_or_else(|| Error::invalid(format!("a name must have 1 to {MAX_TEXT_LEN} bytes")))
}
