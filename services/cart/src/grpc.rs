//! gRPC server of the `Carts` service.

use axum::Router;
use chassis::Error;
use chassis::fault::failpoint::fail_point;
use proto::cart as pb;
use proto::cart::carts_server::{Carts, CartsServer};
use tonic::{Request, Response, Status};

use crate::Store;
use crate::cart::{PurchasedItem, check_quantity};

mod convert;

/// Fully qualified name of the gRPC service.
pub const NAME: &str = pb::carts_server::SERVICE_NAME;

/// Builds the routes of the gRPC server.
pub fn routes(store: Store) -> Router {
    chassis::grpc::mount(CartsServer::new(Service { store }))
}

/// Implementation of the generated `Carts` trait over the store.
struct Service {
    store: Store,
}

/// Result of the methods that return a cart.
type RpcResult = Result<Response<pb::Cart>, Status>;

#[tonic::async_trait]
impl Carts for Service {
    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> RpcResult {
        let cart = self.store.get(&request.get_ref().customer_id).await?;
        Ok(Response::new(cart.into()))
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> RpcResult {
        let request = request.into_inner();
        let customer = request.customer_id.clone();
        let cart = self.store.add(&customer, &request.try_into()?).await?;
        Ok(Response::new(cart.into()))
    }

    async fn set_quantity(&self, request: Request<pb::SetQuantityRequest>) -> RpcResult {
        let request = request.get_ref();
        let quantity = check_quantity("quantity", request.quantity.into(), 0)?;
        let (customer, product) = (&request.customer_id, &request.product_id);
        let cart = self.store.set_quantity(customer, product, quantity).await?;
        Ok(Response::new(cart.into()))
    }

    async fn remove_item(&self, request: Request<pb::RemoveItemRequest>) -> RpcResult {
        let (customer, product) = (
            &request.get_ref().customer_id,
            &request.get_ref().product_id,
        );
        let cart = self.store.set_quantity(customer, product, 0).await?;
        Ok(Response::new(cart.into()))
    }

    async fn merge_carts(&self, request: Request<pb::MergeCartsRequest>) -> RpcResult {
        let (from, into) = (
            &request.get_ref().from_customer_id,
            &request.get_ref().into_customer_id,
        );
        Ok(Response::new(self.store.merge(from, into).await?.into()))
    }

    async fn clear_cart(
        &self,
        request: Request<pb::ClearCartRequest>,
    ) -> Result<Response<pb::ClearCartResponse>, Status> {
        let request = request.into_inner();
        let (customer, order) = (&request.customer_id, &request.order_id);
        let bought: Vec<_> = request
            .bought
            .into_iter()
            .map(PurchasedItem::from)
            .collect();
        match (order.is_empty(), bought.is_empty()) {
            (true, true) => self.store.clear(customer).await?,
            (true, false) => return Err(Error::invalid("bought items need an order_id").into()),
            (false, _) => {
                self.store
                    .remove_purchased(customer, order, &bought)
                    .await?;
            }
        }
        fail_point("bought-taken-out");
        Ok(Response::new(pb::ClearCartResponse {}))
    }
}
