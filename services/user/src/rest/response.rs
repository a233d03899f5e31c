//! What the old wire's answers look like (contract page `user.md`, "Objects").

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{address, card, customer};

/// Makes links to this service.
#[derive(Clone)]
pub(super) struct Links(Arc<str>);

impl Links {
    /// Links to `host`, which others must be able to resolve.
    pub(super) fn to(host: &str) -> Self {
        Self(format!("http://{host}").into())
    }

    fn of(&self, rel: &'static str, path: &str) -> BTreeMap<&'static str, Link> {
        let href = format!("{}{path}", self.0);
        let link = Link { href };
        BTreeMap::from([(rel, link.clone()), ("self", link)])
    }

    pub(super) fn user(&self, customer: customer::Customer) -> User {
        let path = format!("/customers/{}", customer.id);
        let mut links = self.of("customer", &path);
        for rel in ["addresses", "cards"] {
            let href = format!("{}{path}/{rel}", self.0);
            links.insert(rel, Link { href });
        }
        User {
            first_name: customer.first_name,
            last_name: customer.last_name,
            username: customer.username,
            id: customer.id,
            links,
        }
    }

    pub(super) fn address(&self, address: address::Address) -> Address {
        Address {
            links: self.of("address", &format!("/addresses/{}", address.id)),
            street: address.street,
            number: address.number,
            country: address.country,
            city: address.city,
            postcode: address.postcode,
            id: address.id,
        }
    }

    pub(super) fn card(&self, card: card::Card) -> Card {
        Card {
            links: self.of("card", &format!("/cards/{}", card.id)),
            long_num: card.masked_number,
            expires: card.expires,
            ccv: "***",
            id: card.id,
        }
    }
}

/// HAL link to a resource.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Link {
    href: String,
}

/// A customer, without e-mail and password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    first_name: String,
    last_name: String,
    username: String,
    id: String,
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
}

/// An address; what is unset is empty.
#[derive(Serialize, ToSchema)]
pub(super) struct Address {
    street: String,
    number: String,
    country: String,
    city: String,
    postcode: String,
    id: String,
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
}

/// A card: of the number the last four digits, of the code nothing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Card {
    long_num: String,
    expires: String,
    ccv: &'static str,
    id: String,
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
}

/// A list, the way HAL wraps one.
#[derive(Serialize, ToSchema)]
pub(super) struct Embedded<T> {
    #[serde(rename = "_embedded")]
    pub(super) embedded: T,
}

/// Customers in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Users {
    pub(super) customer: Vec<User>,
}

/// Addresses in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Addresses {
    pub(super) address: Vec<Address>,
}

/// Cards in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Cards {
    pub(super) card: Vec<Card>,
}

/// Response to a sign-in: the customer.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    pub(super) user: User,
}

/// The id of what was made.
#[derive(Serialize, ToSchema)]
pub(super) struct Created {
    pub(super) id: String,
}

/// Whether it was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    pub(super) status: bool,
}
