//! Asking the services, a page at a time.

use anyhow::Context;
use chassis::Client;
use proto::orders::orders_client::OrdersClient;
use proto::payment::payment_client::PaymentClient;
use proto::shipping::shipping_client::ShippingClient;
use proto::{orders, payment, shipping};
use tonic::Code;

use super::facts::{Order, OrderFacts, Payment, Shipment};

/// Asked for at once.
const PAGE: u32 = 500;

/// The services that know about orders.
#[derive(Clone)]
pub struct Services {
    orders: OrdersClient<Client>,
    payment: PaymentClient<Client>,
    shipping: ShippingClient<Client>,
}

/// Where they are: URLs, several separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Address of the orders service.
    pub orders: String,
    /// Address of the payment service.
    pub payment: String,
    /// Address of the shipping service.
    pub shipping: String,
}

impl Services {
    /// Prepares to ask the services at these addresses.
    pub fn new(addresses: &Addresses) -> anyhow::Result<Self> {
        let client = |name, urls: &str| {
            Client::at(name, urls).with_context(|| format!("`{urls}` is no address of {name}"))
        };
        Ok(Self {
            orders: OrdersClient::new(client("orders", &addresses.orders)?),
            payment: PaymentClient::new(client("payment", &addresses.payment)?),
            shipping: ShippingClient::new(client("shipping", &addresses.shipping)?),
        })
    }

    /// Hands every order to `take`.
    pub async fn orders(
        &self,
        mut take: impl FnMut(Order) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut page_token = String::new();
        loop {
            let request = orders::ListOrdersRequest {
                page_size: PAGE,
                page_token,
                ..orders::ListOrdersRequest::default()
            };
            let page = self.orders.clone().list_orders(request).await;
            let page = page.context("orders cannot be listed")?.into_inner();
            page.orders
                .into_iter()
                .map(Order::from)
                .try_for_each(&mut take)?;
            if page.next_page_token.is_empty() {
                return Ok(());
            }
            page_token = page.next_page_token;
        }
    }

    /// One page of orders.
    pub(super) async fn page(
        &self,
        request: orders::ListOrdersRequest,
    ) -> anyhow::Result<Vec<Order>> {
        let page = self.orders.clone().list_orders(request).await;
        let page = page.context("orders cannot be listed")?.into_inner();
        Ok(page.orders.into_iter().map(Order::from).collect())
    }

    /// Hands every answer of payment to `take`.
    pub async fn payments(
        &self,
        mut take: impl FnMut(Payment) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut page_token = String::new();
        loop {
            let request = payment::ListAuthorisationsRequest {
                page_size: PAGE,
                page_token,
            };
            let page = self.payment.clone().list_authorisations(request).await;
            let page = page.context("payments cannot be listed")?.into_inner();
            let found = page.authorisations.into_iter().map(Payment::from);
            found.into_iter().try_for_each(&mut take)?;
            if page.next_page_token.is_empty() {
                return Ok(());
            }
            page_token = page.next_page_token;
        }
    }

    /// Hands every shipment of an order to `take`.
    pub async fn shipments(
        &self,
        mut take: impl FnMut(Shipment) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut page_token = String::new();
        loop {
            let request = shipping::ListShipmentsRequest {
                page_size: PAGE,
                page_token,
                ..shipping::ListShipmentsRequest::default()
            };
            let page = self.shipping.clone().list_shipments(request).await;
            let page = page.context("shipments cannot be listed")?.into_inner();
            let found = page.shipments.into_iter().map(Shipment::from);
            let mut ours = found.filter(|shipment| !shipment.order_id.is_empty());
            ours.try_for_each(&mut take)?;
            if page.next_page_token.is_empty() {
                return Ok(());
            }
            page_token = page.next_page_token;
        }
    }

    /// Asks again about one order. What was listed twice stays listed twice:
    /// asked for by name there is only one.
    pub(super) async fn renew(&self, order_id: &str, case: &mut OrderFacts) -> anyhow::Result<()> {
        let order = self.order(order_id).await?;
        let payment = self.payment_of(order_id).await?;
        let request = shipping::GetShipmentsOfOrdersRequest {
            order_ids: vec![order_id.to_owned()],
        };
        let shipments = self
            .shipping
            .clone()
            .get_shipments_of_orders(request)
            .await?;
        if case.orders.len() <= 1 {
            case.orders = order.into_iter().collect();
        }
        if case.payments.len() <= 1 {
            case.payments = payment.into_iter().collect();
        }
        let shipments = shipments.into_inner().shipments.into_iter();
        case.shipments = shipments.map(Shipment::from).collect();
        Ok(())
    }

    /// Asks again about each of these orders.
    pub(super) async fn renew_all(&self, orders: &mut Vec<Order>) -> anyhow::Result<()> {
        let mut renewed = Vec::new();
        for order in &*orders {
            renewed.extend(self.order(&order.id).await?);
        }
        *orders = renewed;
        Ok(())
    }

    async fn order(&self, id: &str) -> anyhow::Result<Option<Order>> {
        let request = orders::GetOrderRequest {
            id: id.to_owned(),
            ..orders::GetOrderRequest::default()
        };
        let found = found(self.orders.clone().get_order(request).await)?;
        Ok(found.map(Order::from))
    }

    pub(super) async fn payment_of(&self, order_id: &str) -> anyhow::Result<Option<Payment>> {
        let request = payment::GetAuthorisationRequest {
            order_id: order_id.to_owned(),
        };
        let found = found(self.payment.clone().get_authorisation(request).await)?;
        Ok(found.map(Payment::from))
    }
}

/// That there is none is an answer, too.
fn found<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}
