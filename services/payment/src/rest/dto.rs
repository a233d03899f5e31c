//! Request and response DTOs of the original REST API.

use chassis::money::Price;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authorisation::Decision;

/// Request of `POST /paymentAuth`. Card, address and customer fields are ignored.
#[derive(Deserialize, ToSchema)]
pub(super) struct Payment {
    pub(super) amount: Option<Price>,
}

/// Response of `POST /paymentAuth`.
#[derive(Serialize, ToSchema)]
pub(super) struct Authorisation {
    authorised: bool,
    message: String,
}

impl From<Decision> for Authorisation {
    fn from(decision: Decision) -> Self {
        Self {
            authorised: decision.authorised,
            message: decision.message,
        }
    }
}
