//! Payment over gRPC: one answer per order.

use axum::Router;
use chassis::sabotage::crash_point;
use chassis::{Error, clock};
use proto::payment as pb;
use proto::payment::payment_server::{Payment, PaymentServer};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};

use crate::authorisation::{Authorisation, authorise};
use crate::store::{Page, Store};

/// The service's name on the wire.
pub const NAME: &str = PaymentServer::<Service>::NAME;

/// The gRPC routes.
pub fn routes(store: Store, limit_cents: i64) -> Router {
    chassis::grpc::mount(PaymentServer::new(Service { store, limit_cents }))
}

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
        let order = order_id(&request.order_id)?;
        let verdict = authorise(request.amount_cents, self.limit_cents)?;
        let stored = self
            .store
            .keep(order, request.amount_cents, &verdict, clock::now_ms())
            .await?;
        crash_point("answer-kept");
        Ok(Response::new(stored.answer(request.amount_cents)?.into()))
    }

    async fn void(
        &self,
        request: Request<pb::VoidRequest>,
    ) -> Result<Response<pb::Authorisation>, Status> {
        let order = order_id(&request.get_ref().order_id)?;
        let voided = self.store.void(order, clock::now_ms()).await?;
        crash_point("voided");
        Ok(Response::new(voided.into()))
    }

    async fn get_authorisation(
        &self,
        request: Request<pb::GetAuthorisationRequest>,
    ) -> Result<Response<pb::Authorisation>, Status> {
        let order = order_id(&request.get_ref().order_id)?;
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
        let Page { found, next } = self.store.list(&request.page_token, size).await?;
        Ok(Response::new(pb::ListAuthorisationsResponse {
            authorisations: found.into_iter().map(pb::Authorisation::from).collect(),
            next_page_token: next,
        }))
    }
}

/// Checks the name of an order before a database sees it.
fn order_id(id: &str) -> Result<&str, Error> {
    let fits = (1..=64).contains(&id.len()) && !id.contains('\0');
    fits.then_some(id)
        .ok_or_else(|| Error::invalid("order_id must have 1 to 64 characters"))
}

impl From<Authorisation> for pb::Authorisation {
    fn from(authorisation: Authorisation) -> Self {
        Self {
            id: authorisation.id,
            order_id: authorisation.order_id,
            amount_cents: authorisation.amount_cents,
            authorised: authorisation.verdict.authorised,
            message: authorisation.verdict.message,
            at_ms: authorisation.at_ms,
            voided: authorisation.voided_at_ms.is_some(),
        }
    }
}
