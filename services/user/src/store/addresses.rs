//! Addresses in a database. An `owner` who is `None` means anybody.

use chassis::{Error, Result};

use super::{LONGEST_LIST, Store, unknown_customer};
use crate::Address;

impl Store {
    /// Returns an address of `owner`.
    pub async fn address(&self, id: &str, owner: Option<&str>) -> Result<Address> {
        let address = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address
             WHERE id = $1 AND ($2 = '' OR customer_id = $2)",
        );
        let address = address.bind(id).bind(owner.unwrap_or_default());
        let address = address.fetch_optional(self.database.pool());
        address.await?.ok_or(Error::NotFound("address"))
    }

    /// Returns everybody's addresses, oldest first, [`LONGEST_LIST`] at most.
    pub async fn addresses(&self) -> Result<Vec<Address>> {
        let addresses = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address ORDER BY seq, id LIMIT $1",
        );
        let addresses = addresses.bind(LONGEST_LIST);
        Ok(addresses.fetch_all(self.database.pool()).await?)
    }

    /// Returns the addresses of `owner`, oldest first, [`LONGEST_LIST`] at most.
    /// Fails for an unknown owner.
    pub async fn addresses_of(&self, owner: &str) -> Result<Vec<Address>> {
        let addresses = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address
             WHERE customer_id = $1 ORDER BY seq, id LIMIT $2",
        );
        let addresses = addresses.bind(owner).bind(LONGEST_LIST);
        let addresses: Vec<Address> = addresses.fetch_all(self.database.pool()).await?;
        if addresses.is_empty() {
            self.customer(owner).await?;
        }
        Ok(addresses)
    }

    /// Adds an address for `owner`, or for nobody. Nothing is kept when there is
    /// no such owner.
    pub async fn create_address(&self, address: &Address, owner: Option<&str>) -> Result<()> {
        sqlx::query(
            "INSERT INTO address (id, seq, customer_id, number, street, city, postcode, country)
             VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM address), $2, $3, $4, $5, $6, $7)",
        )
        .bind(&address.id)
        .bind(owner)
        .bind(&address.number)
        .bind(&address.street)
        .bind(&address.city)
        .bind(&address.postcode)
        .bind(&address.country)
        .execute(self.database.pool())
        .await
        .map_err(unknown_customer)?;
        Ok(())
    }

    /// Removes an address of `owner`.
    pub async fn delete_address(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let removed =
            sqlx::query("DELETE FROM address WHERE id = $1 AND ($2 = '' OR customer_id = $2)");
        let removed = removed.bind(id).bind(owner.unwrap_or_default());
        match removed.execute(self.database.pool()).await?.rows_affected() {
            0 => Err(Error::NotFound("address")),
            _ => Ok(()),
        }
    }
}
