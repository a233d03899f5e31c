//! The original's words for an order (contract/orders.md): sent to callers and,
//! in part, to payment.

use chassis::money::Price;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::order::{self, Contents, Order};

/// Order in the original's JSON format.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerOrder {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    customer_id: String,
    customer: Customer,
    address: Address,
    card: Card,
    items: Vec<Item>,
    shipment: Shipment,
    /// Time of the order: `yyyy-MM-ddTHH:mm:ss.SSS+0000`.
    date: String,
    total: Price,
    #[serde(rename = "_links", skip_serializing_if = "Option::is_none")]
    links: Option<Links>,
}

/// An id that is there, or null, or not mentioned, as the original had it.
#[derive(Debug)]
pub enum Id {
    /// There is no such key.
    Hidden,
    /// The key is there, and null (QUIRK).
    Null,
    /// The identifier itself, as a string.
    Is(String),
}

/// Customer in the original's JSON format.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    first_name: String,
    last_name: String,
    username: String,
    /// Always an empty list (QUIRK).
    addresses: [String; 0],
    /// Always an empty list (QUIRK).
    cards: [String; 0],
}

/// Delivery address in the original's JSON format.
#[derive(Debug, Serialize, ToSchema)]
pub struct Address {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    number: String,
    street: String,
    city: String,
    postcode: String,
    country: String,
}

/// Card in the original's JSON format, masked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    /// Asterisks and the last four digits.
    long_num: String,
    expires: String,
    /// Always empty: security codes are never stored.
    ccv: &'static str,
}

/// Order line in the original's JSON format.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    #[serde(rename = "itemId")]
    product: String,
    quantity: u32,
    unit_price: Price,
}

/// Shipment in the original's JSON format.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shipment {
    #[serde(skip_serializing_if = "Id::is_hidden")]
    #[schema(value_type = Option<String>)]
    id: Id,
    /// Identifier of the customer, as the original has it.
    name: String,
}

/// Where an order can be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLinks)]
pub struct Links {
    #[serde(rename = "self")]
    this: Link,
    order: Link,
}

/// HAL link with an absolute URL.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// Absolute URL of the link.
    pub href: String,
    /// Whether it is a template.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub templated: bool,
}

/// What payment is asked.
#[derive(Debug, Serialize)]
pub struct Charge {
    address: Address,
    card: Card,
    customer: Customer,
    amount: Price,
}

impl CustomerOrder {
    /// An order as `POST /orders` answers it: with ids.
    #[must_use]
    pub fn placed(order: &Order) -> Self {
        Self::new(order, |id| Id::Is(id.to_owned()), || Id::Null, None)
    }

    /// An order as every read answers it: without ids, but with links that
    /// begin with `base`.
    #[must_use]
    pub fn read(order: &Order, base: &str) -> Self {
        let link = Link::to(format!("{base}/orders/{}", order.id));
        let links = Links {
            this: link.clone(),
            order: link,
        };
        Self::new(order, |_| Id::Hidden, || Id::Hidden, Some(links))
    }

    fn new(
        order: &Order,
        id: fn(&str) -> Id,
        foreign_id: fn() -> Id,
        links: Option<Links>,
    ) -> Self {
        let contents = order.contents.clone().unwrap_or_default();
        let items = contents.items.into_iter();
        Self {
            id: id(&order.id),
            customer_id: order.customer_id.clone(),
            customer: Customer::new(foreign_id(), contents.customer),
            address: Address::new(foreign_id(), contents.address),
            card: Card::new(foreign_id(), contents.card),
            items: items.map(|item| Item::new(id(&item.id), item)).collect(),
            shipment: Shipment {
                id: id(&order.shipment_id),
                name: order.customer_id.clone(),
            },
            date: date(order.times.placed_ms),
            total: order.total_cents.into(),
            links,
        }
    }
}

impl Charge {
    /// Payment request for `amount_cents`.
    #[must_use]
    pub fn new(contents: Contents, amount_cents: i64) -> Self {
        Self {
            address: Address::new(Id::Null, contents.address),
            card: Card::new(Id::Null, contents.card),
            customer: Customer::new(Id::Null, contents.customer),
            amount: amount_cents.into(),
        }
    }
}

impl Link {
    /// A link to `href`.
    #[must_use]
    pub fn to(href: String) -> Self {
        Self {
            href,
            templated: false,
        }
    }
}

impl Id {
    fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(id) => serializer.serialize_some(id),
            Self::Hidden | Self::Null => serializer.serialize_none(),
        }
    }
}

impl Customer {
    fn new(id: Id, customer: order::Customer) -> Self {
        Self {
            id,
            first_name: customer.first_name,
            last_name: customer.last_name,
            username: customer.username,
            addresses: [],
            cards: [],
        }
    }
}

impl Address {
    fn new(id: Id, address: order::Address) -> Self {
        Self {
            id,
            number: address.number,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            country: address.country,
        }
    }
}

impl Card {
    fn new(id: Id, card: order::Card) -> Self {
        Self {
            id,
            long_num: card.masked_number,
            expires: card.expires,
            ccv: "***",
        }
    }
}

impl Item {
    fn new(id: Id, item: order::Item) -> Self {
        Self {
            id,
            product: item.product_id,
            quantity: item.quantity,
            unit_price: item.unit_price_cents.into(),
        }
    }
}

/// A time as the original wrote it: an offset without a colon (QUIRK).
fn date(at_ms: i64) -> String {
    let time = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[test]
fn dates_are_written_as_the_original_wrote_them() {
    assert_eq!(date(1_714_979_289_123), "2024-05-06T07:08:09.123+0000");
    assert_eq!(date(1_714_979_289_000), "2024-05-06T07:08:09.000+0000");
}
