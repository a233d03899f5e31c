//! gRPC server of the `Payment` service: one stored decision per order.

use axum::Router;
use chassis::fault::failpoint::fail_point;
use chassis::{Error, clock};
use proto::payment as pb;
use proto::payment::payment_server::{Payment, PaymentServer};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};

use crate::authorisation::authorise;
use crate::store::{Page, Store};

mod convert;

/// Fully qualified name of the gRPC service.
pub const NAME: &str = PaymentServer::<Service>::NAME;

/// Builds the routes of the gRPC server.
pub fn routes(store: Store, limit_cents: i64) -> Router {
    chassis::grpc::mount(PaymentServer::new(Service { store, limit_cents }))
}

/// Implementation of the generated `Payment` trait over the store.
struct Service {
    store: Store,
    limit_cents: i64,
}

#[tonic::async_trait]
impl Payment for Service {
    async fn authorise(
        &self,
        request: Request<pb::AuthoriseRequest>,
    ) -> Result<Response<pb::Authorisation>, Status> {
        let request = request.into_inner();
        let order = check_order_id(&request.order_id)?;
        let decision = authorise(request.amount_cents, self.limit_cents)?;
        let stored = self
            .store
            .insert_or_get(order, request.amount_cents, &decision, clock::now_ms())
            .await?;
        fail_point("answer-kept");
        Ok(Response::new(stored.replay(request.amount_cents)?.into()))
    }

    async fn void(
        &self,
        request: Request<pb::VoidRequest>,
    ) -> Result<Response<pb::Authorisation>, Status> {
        let order = check_order_id(&request.get_ref().order_id)?;
        let voided = self.store.void(order, clock::now_ms()).await?;
        fail_point("voided");
        Ok(Response::new(voided.into()))
    }

    async fn get_authorisation(
        &self,
        request: Request<pb::GetAuthorisationRequest>,
    ) -> Result<Response<pb::Authorisation>, Status> {
        let order = check_order_id(&request.get_ref().order_id)?;
        Ok(Response::new(self.store.get(order).await?.into()))
    }

    async fn list_authorisations(
        &self,
        request: Request<pb::ListAuthorisationsRequest>,
    ) -> Result<Response<pb::ListAuthorisationsResponse>, Status> {
        let request = request.into_inner();
        let size = match request.page_size {
            0 => 100,
            size => size.min(1000),
        };
        let Page {
            authorisations,
            next_page_token,
        } = self.store.list(&request.page_token, size).await?;
        Ok(Response::new(pb::ListAuthorisationsResponse {
            authorisations: authorisations
                .into_iter()
                .map(pb::Authorisation::from)
                .collect(),
            next_page_token,
        }))
    }
}

/// Validates an order id: 1 to 64 bytes without NUL.
fn check_order_id(id: &str) -> Result<&str, Error> {
    let fits = (1..=64).contains(&id.len()) && !id.contains('\0');
    fits.then_some(id)
        .ok_or_else(|| Error::invalid("order_id must have 1 to 64 characters"))
}
