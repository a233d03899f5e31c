//! Between the nouns and their gRPC messages.

use chassis::ids;
use proto::user as pb;

use crate::card::NewCard;
use crate::customer::{NewCustomer, Profile};
use crate::{Address, Card, Customer};

impl From<pb::RegisterRequest> for NewCustomer {
    fn from(request: pb::RegisterRequest) -> Self {
        Self {
            username: request.username,
            password: request.password,
            profile: Profile {
                email: request.email,
                first_name: request.first_name,
                last_name: request.last_name,
            },
        }
    }
}

impl From<pb::UpdateCustomerRequest> for Profile {
    fn from(request: pb::UpdateCustomerRequest) -> Self {
        Self {
            email: request.email,
            first_name: request.first_name,
            last_name: request.last_name,
        }
    }
}

impl From<pb::CreateCardRequest> for NewCard {
    fn from(request: pb::CreateCardRequest) -> Self {
        Self {
            number: request.number,
            expires: request.expires,
            security_code: request.security_code,
        }
    }
}

/// A new address; the id it came with is ignored.
impl From<pb::Address> for Address {
    fn from(address: pb::Address) -> Self {
        Self {
            id: ids::new_id(),
            number: address.number,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            country: address.country,
        }
    }
}

impl From<Customer> for pb::Customer {
    fn from(customer: Customer) -> Self {
        Self {
            id: customer.id,
            username: customer.username,
            email: customer.email,
            first_name: customer.first_name,
            last_name: customer.last_name,
        }
    }
}

impl From<Address> for pb::Address {
    fn from(address: Address) -> Self {
        Self {
            id: address.id,
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
            id: card.id,
            masked_number: card.masked_number,
            expires: card.expires,
        }
    }
}
