//! What the original's user and carts answer (contract/user.md, carts.md).

use chassis::money::Price;
use chassis::{Error, Result};
use serde::Deserialize;

use crate::order::{self, mask};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(rename = "self", default)]
    this: Link,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    href: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Address {
    number: String,
    street: String,
    city: String,
    postcode: String,
    country: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Card {
    long_num: String,
    expires: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    #[serde(default)]
    id: String,
    #[serde(rename = "itemId")]
    product: String,
    quantity: u32,
    unit_price: Price,
}

/// The addresses or the cards of a customer: only whose they are matters.
#[derive(Deserialize)]
pub(super) struct Owned {
    #[serde(rename = "_embedded")]
    embedded: Embedded,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Embedded {
    address: Vec<Named>,
    card: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Customer {
    /// Fails unless the customer's own link ends in `id`.
    pub(super) fn must_be(&self, id: &str) -> Result<()> {
        let own = self.links.this.href.rsplit('/').next();
        if own == Some(id) {
            return Ok(());
        }
        Err(Error::unavailable("the customer has no link to itself"))
    }
}

impl Owned {
    /// Fails unless `id` is among them.
    pub(super) fn must_hold(&self, id: &str, what: &'static str) -> Result<()> {
        let Embedded { address, card } = &self.embedded;
        let held = address.iter().chain(card).any(|own| own.id == id);
        held.then_some(()).ok_or(Error::NotFound(what))
    }
}

impl From<Customer> for order::Customer {
    fn from(customer: Customer) -> Self {
        Self {
            username: customer.username,
            first_name: customer.first_name,
            last_name: customer.last_name,
        }
    }
}

impl From<Address> for order::Address {
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

impl From<Card> for order::Card {
    fn from(card: Card) -> Self {
        Self {
            masked_number: mask(&card.long_num),
            expires: card.expires,
        }
    }
}

impl From<Item> for order::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product,
            name: String::new(),
            quantity: item.quantity,
            unit_price_cents: item.unit_price.cents,
        }
    }
}
