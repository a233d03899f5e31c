//! The other services over the shop's own API.

use std::collections::HashMap;

use chassis::{Client, Discovery, Error, Result};
use proto::cart::carts_client::CartsClient;
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::payment::payment_client::PaymentClient;
use proto::shipping::shipping_client::ShippingClient;
use proto::user::users_client::UsersClient;
use proto::{cart, catalogue, payment, shipping, user};
use tonic::{Code, Status};

use super::{Recall, Verdict};
use crate::order::{Address, Card, Contents, Customer, Item, Order, PlaceOrder};
use crate::store::{Kind, Message, Progress};

mod convert;

/// The catalogue is asked for this many products at once, at most.
const PRODUCTS: usize = 200;

/// Clients of the others.
pub struct Peers {
    carts: CartsClient<Client>,
    catalogue: CatalogueClient<Client>,
    payment: PaymentClient<Client>,
    shipping: ShippingClient<Client>,
    users: UsersClient<Client>,
}

impl Peers {
    pub(super) fn new(discovery: &Discovery) -> anyhow::Result<Self> {
        let [carts, catalogue, payment, shipping, user] = super::CALLS;
        let client = |name, idempotent| Client::with_idempotent(discovery, name, idempotent);
        Ok(Self {
            carts: CartsClient::new(client(carts, &["ClearCart"])?),
            catalogue: CatalogueClient::new(client(catalogue, &[])?),
            payment: PaymentClient::new(client(payment, &["Authorise", "Void"])?),
            shipping: ShippingClient::new(client(shipping, &["CreateShipment", "RecallShipment"])?),
            users: UsersClient::new(client(user, &[])?),
        })
    }

    pub(super) async fn read(&self, wish: &PlaceOrder) -> Result<Contents> {
        let (customer, address, card, lines) = tokio::try_join!(
            self.customer(wish),
            self.address(wish),
            self.card(wish),
            self.cart(wish)
        )?;
        Ok(Contents {
            customer,
            address,
            card,
            items: self.priced(lines).await?,
        })
    }

    async fn customer(&self, wish: &PlaceOrder) -> Result<Customer> {
        let id = wish.customer_id.clone();
        let asked = user::GetCustomerRequest { id };
        let found = self.users.clone().get_customer(asked).await;
        let found = found.map_err(|status| missing(status, "customer"))?;
        Ok(found.into_inner().into())
    }

    async fn address(&self, wish: &PlaceOrder) -> Result<Address> {
        let asked = user::GetAddressRequest {
            id: wish.address_id.clone(),
            customer_id: wish.customer_id.clone(),
        };
        let found = self.users.clone().get_address(asked).await;
        let found = found.map_err(|status| missing(status, "address"))?;
        Ok(found.into_inner().into())
    }

    async fn card(&self, wish: &PlaceOrder) -> Result<Card> {
        let asked = user::GetCardRequest {
            id: wish.card_id.clone(),
            customer_id: wish.customer_id.clone(),
        };
        let found = self.users.clone().get_card(asked).await;
        let found = found.map_err(|status| missing(status, "card"))?;
        Ok(found.into_inner().into())
    }

    async fn cart(&self, wish: &PlaceOrder) -> Result<Vec<cart::Item>> {
        let customer_id = wish.customer_id.clone();
        let asked = cart::GetCartRequest { customer_id };
        let found = self.carts.clone().get_cart(asked).await;
        let found = found.map_err(|status| missing(status, "cart"))?;
        let cart = found.into_inner();
        match &wish.cart_revision {
            Some(confirmed) if *confirmed != cart.revision => Err(Error::Outdated(
                "the cart has changed since it was shown".to_owned(),
            )),
            _ => Ok(cart.items),
        }
    }

    /// Puts the catalogue's names and prices to the lines of a cart, whose own
    /// prices came from outside.
    async fn priced(&self, lines: Vec<cart::Item>) -> Result<Vec<Item>> {
        let mut products = HashMap::new();
        for lines in lines.chunks(PRODUCTS) {
            let ids = lines.iter().map(|line| line.product_id.clone()).collect();
            let asked = catalogue::GetProductsRequest { ids };
            let found = self.catalogue.clone().get_products(asked).await;
            let found = found.map_err(|status| missing(status, "product"))?;
            let found = found.into_inner().products.into_iter();
            products.extend(found.map(|product| (product.id.clone(), product)));
        }
        lines
            .into_iter()
            .map(|line| match products.get(&line.product_id) {
                Some(product) => Ok(item(line, product)),
                None => Err(Error::Refused(format!(
                    "the shop does not sell product {} any more: take it out of the cart",
                    line.product_id
                ))),
            })
            .collect()
    }

    pub(super) async fn authorise(&self, order: &Order) -> Result<Verdict> {
        let asked = payment::AuthoriseRequest {
            order_id: order.id.clone(),
            amount_cents: order.total_cents,
        };
        let said = self.payment.clone().authorise(asked).await;
        Ok(said.map_err(unusable)?.into_inner().into())
    }

    pub(super) async fn verdict(&self, order_id: &str) -> Result<Option<Verdict>> {
        let order_id = order_id.to_owned();
        let asked = payment::GetAuthorisationRequest { order_id };
        match self.payment.clone().get_authorisation(asked).await {
            Ok(said) => Ok(Some(said.into_inner().into())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(unusable(status)),
        }
    }

    pub(super) async fn deliver(&self, message: &Message) -> Result<()> {
        match message.kind {
            Kind::Ship => self.ship(message).await,
            Kind::ClearCart => self.clear_cart(message).await,
            Kind::Void => self.void(message).await,
        }
        .map_err(unusable)
    }

    async fn ship(&self, message: &Message) -> Result<(), Status> {
        let told = shipping::CreateShipmentRequest {
            id: message.shipment_id.clone(),
            order_id: message.order_id.clone(),
            name: message.customer_id.clone(),
        };
        self.shipping.clone().create_shipment(told).await.map(drop)
    }

    async fn clear_cart(&self, message: &Message) -> Result<(), Status> {
        let told = cart::ClearCartRequest {
            customer_id: message.customer_id.clone(),
            order_id: message.order_id.clone(),
            bought: message.bought.iter().map(cart::Item::from).collect(),
        };
        self.carts.clone().clear_cart(told).await.map(drop)
    }

    async fn void(&self, message: &Message) -> Result<(), Status> {
        let order_id = message.order_id.clone();
        let told = payment::VoidRequest { order_id };
        self.payment.clone().void(told).await.map(drop)
    }

    pub(super) async fn progress(&self, order_ids: Vec<String>) -> Result<Vec<Progress>> {
        let asked = shipping::GetShipmentsOfOrdersRequest { order_ids };
        let found = self.shipping.clone().get_shipments_of_orders(asked).await;
        let found = found.map_err(unusable)?.into_inner().shipments;
        let progress = found.into_iter().map(Progress::from);
        Ok(progress
            .filter(|one| one.packed_ms > 0 || one.recalled)
            .collect())
    }

    pub(super) async fn recall(&self, order_id: &str) -> Result<Recall> {
        let order_id = order_id.to_owned();
        let told = shipping::RecallShipmentRequest { order_id };
        match self.shipping.clone().recall_shipment(told).await {
            Ok(_) => Ok(Recall::Recalled),
            Err(status) if status.code() == Code::FailedPrecondition => Ok(Recall::TooLate),
            Err(status) => Err(unusable(status)),
        }
    }
}

/// A refusal to read something, in the words of this service.
fn missing(status: Status, what: &'static str) -> Error {
    match status.code() {
        Code::NotFound => Error::NotFound(what),
        Code::InvalidArgument => Error::invalid(format!("{what}: {}", status.message())),
        _ => unusable(status),
    }
}

/// An answer that leaves us with nothing: to our caller, somebody is away.
fn unusable(status: Status) -> Error {
    match status.code() {
        Code::DeadlineExceeded => Error::Timeout,
        _ => Error::unavailable(status),
    }
}

fn item(line: cart::Item, product: &catalogue::Product) -> Item {
    Item {
        id: line.id,
        product_id: line.product_id,
        name: product.name.clone(),
        quantity: line.quantity,
        unit_price_cents: product.price_cents,
    }
}
