//! What clients post (contract page `user.md`, "Endpoints"). All is optional
//! here, and `null` is nothing: the nouns say what must be there.

use chassis::ids;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Address;
use crate::card::NewCard;
use crate::customer::{NewCustomer, Profile};

/// A wish for an account. Keys are read in any letter case.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct NewUser {
    username: Option<String>,
    password: Option<String>,
    email: Option<String>,
    #[schema(rename = "firstName")]
    firstname: Option<String>,
    #[schema(rename = "lastName")]
    lastname: Option<String>,
}

/// An address to add.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct PostAddress {
    street: Option<String>,
    number: Option<String>,
    country: Option<String>,
    city: Option<String>,
    postcode: Option<String>,
    /// Whose it is; nobody's without.
    #[schema(rename = "userID")]
    userid: Option<String>,
}

/// A card to add. Only the last four digits and the expiry are kept.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct PostCard {
    #[schema(rename = "longNum")]
    longnum: Option<String>,
    expires: Option<String>,
    ccv: Option<String>,
    /// Whose it is; nobody's without.
    #[schema(rename = "userID")]
    userid: Option<String>,
}

impl From<NewUser> for NewCustomer {
    fn from(user: NewUser) -> Self {
        Self {
            username: user.username.unwrap_or_default(),
            password: user.password.unwrap_or_default(),
            profile: Profile {
                email: user.email.unwrap_or_default(),
                first_name: user.firstname.unwrap_or_default(),
                last_name: user.lastname.unwrap_or_default(),
            },
        }
    }
}

impl PostAddress {
    /// The address, under a new id, and whose it is to be.
    pub(super) fn split(self) -> (Address, String) {
        let address = Address {
            id: ids::new_id(),
            number: self.number.unwrap_or_default(),
            street: self.street.unwrap_or_default(),
            city: self.city.unwrap_or_default(),
            postcode: self.postcode.unwrap_or_default(),
            country: self.country.unwrap_or_default(),
        };
        (address, self.userid.unwrap_or_default())
    }
}

impl PostCard {
    /// The card and whose it is to be.
    pub(super) fn split(self) -> (NewCard, String) {
        let card = NewCard {
            number: self.longnum.unwrap_or_default(),
            expires: self.expires.unwrap_or_default(),
            security_code: self.ccv.unwrap_or_default(),
        };
        (card, self.userid.unwrap_or_default())
    }
}
