//! The other services over the original's API.
//!
//! Customer, address, card and cart are read where the caller's hrefs say; a
//! host that is one of our own names is found as any other service is, so set
//! `USER_URL`, `CARTS_URL` and so on where they listen on other ports than ours.
//! Payment has no memory here: an attempt that breaks off cannot be looked up
//! or voided, only given up. Prices are the cart's.

use axum::body::Bytes;
use axum::http::Method;
use chassis::discovery::{Names, select};
use chassis::{Discovery, Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Verdict;
use super::http::{Call, Http};
use crate::dto::Charge;
use crate::hrefs::Href;
use crate::order::{Contents, Order, PlaceOrder};
use crate::store::{Kind, Message};

mod response;

use response::{Address, Card, Customer, Item, Owned};

const JSON: &str = "application/json";
const HAL: &str = "application/hal+json";

/// Where the others are, and how to reach them.
pub struct Peers {
    http: Http,
    user: Names,
    carts: Names,
    payment: Names,
    shipping: Names,
}

impl Peers {
    pub(super) fn new(discovery: &Discovery) -> anyhow::Result<Self> {
        let names = |service| discovery.service(service);
        Ok(Self {
            http: Http::new(),
            user: names("user")?,
            carts: names("carts")?,
            payment: names("payment")?,
            shipping: names("shipping")?,
        })
    }

    pub(super) async fn read(&self, wish: &PlaceOrder) -> Result<Contents> {
        let hrefs = wish.hrefs.as_ref();
        let url = async |names, href: Option<&Href>, path: String| match href {
            Some(Href {
                elsewhere: Some(url),
                ..
            }) => Ok(url.to_string()),
            _ => at(names, &path).await,
        };
        let customer_path = format!("/customers/{}", wish.customer_id);
        let (customer, address, card, items) = tokio::try_join!(
            url(&self.user, hrefs.map(|h| &h.customer), customer_path),
            url(
                &self.user,
                hrefs.map(|h| &h.address),
                format!("/addresses/{}", wish.address_id)
            ),
            url(
                &self.user,
                hrefs.map(|h| &h.card),
                format!("/cards/{}", wish.card_id)
            ),
            url(
                &self.carts,
                hrefs.map(|h| &h.items),
                format!("/carts/{}/items", wish.customer_id)
            ),
        )?;
        let addresses = format!("{customer}/addresses");
        let cards = format!("{customer}/cards");
        let (customer, address, card, items, addresses, cards) = tokio::try_join!(
            self.get::<Customer>(customer, HAL),
            self.get::<Address>(address, HAL),
            self.get::<Card>(card, HAL),
            self.get::<Vec<Option<Item>>>(items, JSON),
            self.get::<Owned>(addresses, HAL),
            self.get::<Owned>(cards, HAL),
        )?;
        customer.must_be(&wish.customer_id)?;
        addresses.must_hold(&wish.address_id, "address")?;
        cards.must_hold(&wish.card_id, "card")?;
        Ok(Contents {
            customer: customer.into(),
            address: address.into(),
            card: card.into(),
            items: items.into_iter().flatten().map(Into::into).collect(),
        })
    }

    async fn get<T: DeserializeOwned>(&self, url: String, accept: &'static str) -> Result<T> {
        let call = Call {
            method: Method::GET,
            url,
            accept,
            body: Vec::new(),
        };
        let bytes = self.http.send(call).await?;
        serde_json::from_slice(&bytes).map_err(Error::unavailable)
    }

    pub(super) async fn authorise(&self, order: &Order) -> Result<Verdict> {
        let contents = order.contents.clone().unwrap_or_default();
        let charge = Charge::new(contents, order.total_cents);
        let body = serde_json::to_vec(&charge).map_err(Error::internal)?;
        let said = self.post(&self.payment, "/paymentAuth", body).await?;
        Ok(match serde_json::from_slice(&said) {
            Ok(Said {
                authorised: true, ..
            }) => Verdict::Authorised,
            Ok(Said { message, .. }) => {
                Verdict::Declined(message.unwrap_or_else(|| "Payment declined".into()))
            }
            Err(_) => Verdict::Declined("Unable to parse authorisation packet".into()),
        })
    }

    pub(super) async fn deliver(&self, message: &Message) -> Result<()> {
        match message.kind {
            Kind::Ship => {
                let told = json!({"id": message.shipment_id, "name": message.customer_id});
                let body = told.to_string().into_bytes();
                self.post(&self.shipping, "/shipping", body).await.map(drop)
            }
            // The original's carts can only be emptied, of what was added since too.
            Kind::ClearCart => {
                let path = format!("/carts/{}", message.customer_id);
                let call = Call {
                    method: Method::DELETE,
                    url: at(&self.carts, &path).await?,
                    accept: JSON,
                    body: Vec::new(),
                };
                self.http.send(call).await.map(drop)
            }
            // The original's payment keeps nothing that could be taken back.
            Kind::Void => Ok(()),
        }
    }

    async fn post(&self, names: &Names, path: &str, body: Vec<u8>) -> Result<Bytes> {
        let call = Call {
            method: Method::POST,
            url: at(names, path).await?,
            accept: JSON,
            body,
        };
        self.http.send(call).await
    }
}

/// What payment answers: only `authorised` must be there.
#[derive(Deserialize)]
struct Said {
    authorised: bool,
    #[serde(default)]
    message: Option<String>,
}

/// The URL of `path` at one of the instances behind a name.
async fn at(names: &Names, path: &str) -> Result<String> {
    let endpoints = names.endpoints().await;
    let chosen = select(&endpoints, rand::random());
    let chosen = chosen.ok_or_else(|| Error::unavailable(format!("nobody serves {path}")))?;
    Ok(format!("{}{path}", chosen.url))
}
