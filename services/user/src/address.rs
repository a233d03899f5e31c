//! Addresses: where socks are sent to.

use chassis::Result;

use crate::validate;

/// Where to send socks.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Address {
    /// Names the address in URLs and orders.
    pub id: String,
    /// House number, as people write it: `12b`.
    pub number: String,
    /// Street of the address.
    pub street: String,
    /// City of the address.
    pub city: String,
    /// Postal code, or empty.
    pub postcode: String,
    /// Country of the address.
    pub country: String,
}

impl Address {
    /// The address in the form in which it is stored. Any part may be empty, as
    /// the original allowed.
    pub fn checked(self) -> Result<Self> {
        Ok(Self {
            number: validate::line("number", &self.number)?,
            street: validate::line("street", &self.street)?,
            city: validate::line("city", &self.city)?,
            postcode: validate::line("postcode", &self.postcode)?,
            country: validate::line("country", &self.country)?,
            ..self
        })
    }
}
