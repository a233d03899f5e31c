//! gRPC API of orders: `sockshop.orders.v1`.

use axum::Router;
use chassis::{Error, Result};
use proto::orders as pb;
use proto::orders::orders_server::{Orders, OrdersServer};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::cancel::cancel;
use crate::order::{Order, PlaceOrder};
use crate::place::place;
use crate::store::Cursor;

mod convert;

/// Router of the gRPC API.
pub fn routes(shop: App) -> Router {
    chassis::grpc::mount(OrdersServer::new(Service { shop }))
}

struct Service {
    shop: App,
}

#[tonic::async_trait]
impl Orders for Service {
    async fn place_order(
        &self,
        request: Request<pb::PlaceOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let wish = PlaceOrder::try_from(request.into_inner())?;
        let order = place(&self.shop, &wish).await?;
        Ok(Response::new(order.into()))
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let order = self.of(&request.id, &request.customer_id).await?;
        Ok(Response::new(order.into()))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let request = request.into_inner();
        let size = match request.page_size {
            0 => 20,
            size => i64::from(size.min(1000)),
        };
        let since = Cursor {
            placed_ms: request.placed_since_ms,
            id: String::new(),
        };
        let after = cursor(&request.page_token)?;
        let store = &self.shop.store;
        let mut orders = match &*request.customer_id {
            "" => store.of_everybody(after.or(Some(since)), size + 1).await?,
            customer => store.of_customer(customer, after, size + 1).await?,
        };
        Ok(Response::new(pb::ListOrdersResponse {
            next_page_token: cut(&mut orders, size).unwrap_or_default(),
            orders: orders.into_iter().map(pb::Order::from).collect(),
        }))
    }

    async fn cancel_order(
        &self,
        request: Request<pb::CancelOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let request = request.into_inner();
        let order = self.of(&request.id, &request.customer_id).await?;
        let order = cancel(&self.shop, &order.id).await?;
        Ok(Response::new(order.into()))
    }
}

impl Service {
    /// The order called `id`, if it is this customer's; anybody's when empty.
    async fn of(&self, id: &str, customer_id: &str) -> Result<Order> {
        let order = self.shop.store.get(id).await?;
        let theirs = customer_id.is_empty() || order.customer_id == customer_id;
        theirs.then_some(order).ok_or(Error::NotFound("order"))
    }
}

/// Cuts a list to `size` and returns the token of the page that follows.
fn cut(orders: &mut Vec<Order>, size: i64) -> Option<String> {
    let size = usize::try_from(size).ok()?;
    if orders.len() <= size {
        return None;
    }
    orders.truncate(size);
    let Cursor { placed_ms, id } = orders.last()?.into();
    Some(format!("{placed_ms}-{id}"))
}

fn cursor(token: &str) -> Result<Option<Cursor>> {
    if token.is_empty() {
        return Ok(None);
    }
    let (placed, id) = token.split_once('-').unwrap_or_default();
    let placed_ms = placed.parse();
    let placed_ms = placed_ms.map_err(|_| Error::invalid("page_token is not one of ours"))?;
    let id = id.to_owned();
    Ok(Some(Cursor { placed_ms, id }))
}
