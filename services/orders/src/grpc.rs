//! Orders over gRPC.

use axum::Router;
use chassis::{Error, Result};
use proto::orders as pb;
use proto::orders::orders_server::{Orders, OrdersServer};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::cancel::cancel;
use crate::order::{Address, Card, Customer, Item, Order, SHIPPING_CENTS, Wish};
use crate::place::place;
use crate::shop::Shop;
use crate::state::State;
use crate::store::Cursor;

/// The gRPC routes.
pub fn routes(shop: Shop) -> Router {
    chassis::grpc::mount(OrdersServer::new(Service { shop }))
}

struct Service {
    shop: Shop,
}

#[tonic::async_trait]
impl Orders for Service {
    async fn place_order(
        &self,
        request: Request<pb::PlaceOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let wish = Wish::try_from(request.into_inner())?;
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
        let after = cursor(&request.page_token)?;
        let store = &self.shop.store;
        let mut orders = match &*request.customer_id {
            "" => store.of_everybody(after, size + 1).await?,
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

impl TryFrom<pb::PlaceOrderRequest> for Wish {
    type Error = Error;

    fn try_from(request: pb::PlaceOrderRequest) -> Result<Self> {
        for (name, id) in [
            ("customer_id", &request.customer_id),
            ("address_id", &request.address_id),
            ("card_id", &request.card_id),
        ] {
            if id.is_empty() || id.len() > 64 || id.contains('\0') {
                let message = format!("{name} must have 1 to 64 characters");
                return Err(Error::Invalid(message));
            }
        }
        let mut key = request.idempotency_key;
        if key.chars().count() > 200 || key.contains('\0') {
            return Err(Error::invalid(
                "idempotency_key must have at most 200 characters",
            ));
        }
        if key.is_empty() {
            key = Uuid::new_v4().to_string();
        }
        Ok(Self {
            customer_id: request.customer_id,
            address_id: request.address_id,
            card_id: request.card_id,
            key,
            keep_cart: request.keep_cart,
            hrefs: None,
        })
    }
}

impl From<Order> for pb::Order {
    fn from(order: Order) -> Self {
        let events = order.events().into_iter();
        let priced = order.contents.is_some();
        let contents = order.contents.unwrap_or_default();
        Self {
            events: events
                .map(|(state, at_ms)| pb::Event {
                    state: pb::State::from(state).into(),
                    at_ms,
                })
                .collect(),
            id: order.id,
            customer_id: order.customer_id,
            state: pb::State::from(order.state).into(),
            customer: priced.then(|| contents.customer.into()),
            address: priced.then(|| contents.address.into()),
            card: priced.then(|| contents.card.into()),
            items: contents.items.into_iter().map(pb::Item::from).collect(),
            subtotal_cents: order.subtotal_cents,
            shipping_cents: if priced { SHIPPING_CENTS } else { 0 },
            total_cents: order.total_cents,
            placed_at_ms: order.times.placed_ms,
            shipment_id: order.shipment_id,
            reason: order.reason,
            idempotency_key: order.key,
        }
    }
}

impl From<State> for pb::State {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Paid => Self::Paid,
            State::Packed => Self::Packed,
            State::Shipped => Self::Shipped,
            State::Declined => Self::Declined,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Customer> for pb::Customer {
    fn from(customer: Customer) -> Self {
        Self {
            username: customer.username,
            first_name: customer.first_name,
            last_name: customer.last_name,
        }
    }
}

impl From<Address> for pb::Address {
    fn from(address: Address) -> Self {
        Self {
            number: address.number,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            country: address.country,
        }
    }
}

impl From<Card> for pb::Card {
    fn from(card: Card) -> Self {
        Self {
            masked_number: card.masked_number,
            expires: card.expires,
        }
    }
}

impl From<Item> for pb::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            name: item.name,
            quantity: item.quantity,
            unit_price_cents: item.unit_price_cents,
        }
    }
}
