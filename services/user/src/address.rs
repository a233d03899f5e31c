//! Addresses: where socks are sent to.

use chassis::Result;

use crate::text;

/// Where to send socks.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Address {
    /// Names the address in URLs and orders.
    pub id: String,
    /// House number, as people write it: `12b`.
    pub number: String,
    /// Street.
    pub street: String,
    /// Town.
    pub city: String,
    /// Postal code, or empty.
    pub postcode: String,
    /// Country.
    pub country: String,
}

impl Address {
    /// Checks lengths. Any part may be empty, as the original allowed.
    pub fn check(&self) -> Result<()> {
        text::check("number", &self.number)?;
        text::check("street", &self.street)?;
        text::check("city", &self.city)?;
        text::check("postcode", &self.postcode)?;
        text::check("country", &self.country)
    }
}
