//! Carts over gRPC.

use axum::Router;
use chassis::Error;
use chassis::sabotage::crash_point;
use proto::cart as pb;
use proto::cart::carts_server::{Carts, CartsServer};
use tonic::{Request, Response, Status};

use crate::Store;
use crate::cart::{Addition, Bought, Cart, Item, check_id, check_price, check_quantity};

/// The name of the gRPC service.
pub const NAME: &str = pb::carts_server::SERVICE_NAME;

/// The gRPC routes.
pub fn routes(store: Store) -> Router {
    chassis::grpc::mount(CartsServer::new(Service { store }))
}

struct Service {
    store: Store,
}

type Answer = Result<Response<pb::Cart>, Status>;

#[tonic::async_trait]
impl Carts for Service {
    async fn get_cart(&self, request: Request<pb::GetCartRequest>) -> Answer {
        let cart = self.store.get(&request.get_ref().customer_id).await?;
        Ok(Response::new(cart.into()))
    }

    async fn add_item(&self, request: Request<pb::AddItemRequest>) -> Answer {
        let request = request.into_inner();
        let customer = request.customer_id.clone();
        let cart = self.store.add(&customer, &request.try_into()?).await?;
        Ok(Response::new(cart.into()))
    }

    async fn set_quantity(&self, request: Request<pb::SetQuantityRequest>) -> Answer {
        let wanted = request.get_ref();
        let quantity = check_quantity("quantity", wanted.quantity.into(), 0)?;
        let (customer, product) = (&wanted.customer_id, &wanted.product_id);
        let cart = self.store.set_quantity(customer, product, quantity).await?;
        Ok(Response::new(cart.into()))
    }

    async fn remove_item(&self, request: Request<pb::RemoveItemRequest>) -> Answer {
        let (customer, product) = (
            &request.get_ref().customer_id,
            &request.get_ref().product_id,
        );
        let cart = self.store.set_quantity(customer, product, 0).await?;
        Ok(Response::new(cart.into()))
    }

    async fn merge_carts(&self, request: Request<pb::MergeCartsRequest>) -> Answer {
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
        let bought: Vec<_> = request.bought.into_iter().map(Bought::from).collect();
        match (order.is_empty(), bought.is_empty()) {
            (true, true) => self.store.clear(customer).await?,
            (true, false) => return Err(Error::invalid("only an order can have bought").into()),
            (false, _) => self.store.take_out(customer, order, &bought).await?,
        }
        crash_point("bought-taken-out");
        Ok(Response::new(pb::ClearCartResponse {}))
    }
}

impl TryFrom<pb::AddItemRequest> for Addition {
    type Error = Error;

    fn try_from(request: pb::AddItemRequest) -> Result<Self, Error> {
        check_id("product_id", &request.product_id)?;
        check_price("unit_price_cents", request.unit_price_cents)?;
        let quantity = check_quantity("quantity", request.quantity.max(1).into(), 1)?;
        Ok(Self {
            product_id: request.product_id,
            quantity,
            again: quantity,
            unit_price_cents: request.unit_price_cents,
        })
    }
}

impl From<pb::Item> for Bought {
    fn from(item: pb::Item) -> Self {
        Self {
            product_id: item.product_id,
            quantity: item.quantity,
        }
    }
}

impl From<Cart> for pb::Cart {
    fn from(cart: Cart) -> Self {
        Self {
            revision: cart.revision(),
            customer_id: cart.customer_id,
            items: cart.items.into_iter().map(pb::Item::from).collect(),
        }
    }
}

impl From<Item> for pb::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            quantity: item.quantity,
            unit_price_cents: item.unit_price_cents,
        }
    }
}
