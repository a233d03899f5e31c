//! Addresses in a database. An `owner` who is `None` means anybody.

use chassis::{Error, Result, WriteTransaction};

use super::{LONGEST_LIST, Store, lock_customer, unknown_customer};
use crate::Address;

impl Store {
    /// Returns an address of `owner`.
    pub async fn address(&self, id: &str, owner: Option<&str>) -> Result<Address> {
        let address = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address
             WHERE id = $1 AND ($2 = '' OR customer_id = $2)",
        );
        let address = address.bind(id).bind(owner.unwrap_or_default());
        let address = address.fetch_optional(self.database.reads());
        address.await?.ok_or(Error::NotFound("address"))
    }

    /// Returns everybody's addresses, oldest first, [`LONGEST_LIST`] at most.
    pub async fn addresses(&self) -> Result<Vec<Address>> {
        let addresses = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address ORDER BY seq, id LIMIT $1",
        );
        let addresses = addresses.bind(LONGEST_LIST);
        Ok(addresses.fetch_all(self.database.reads()).await?)
    }

    /// Returns the addresses of `owner`, oldest first, [`LONGEST_LIST`] at most.
    /// Fails for an unknown owner.
    pub async fn addresses_of(&self, owner: &str) -> Result<Vec<Address>> {
        let addresses = sqlx::query_as(
            "SELECT id, number, street, city, postcode, country FROM address
             WHERE customer_id = $1 ORDER BY seq, id LIMIT $2",
        );
        let addresses = addresses.bind(owner).bind(LONGEST_LIST);
        let addresses: Vec<Address> = addresses.fetch_all(self.database.reads()).await?;
        if addresses.is_empty() {
            self.customer(owner).await?;
        }
        Ok(addresses)
    }

    /// Adds an address for `owner`, or for nobody. Nothing is kept when there is
    /// no such owner.
    pub async fn create_address(&self, address: &Address, owner: Option<&str>) -> Result<()> {
        let mut change = self.database.begin_write().await?;
        insert(address, owner, &mut change).await?;
        change.commit().await?;
        Ok(())
    }

    /// Saves an address of `owner` unless it is saved already, and returns its
    /// id. Fails for an unknown owner.
    pub async fn save_address(&self, address: &Address, owner: &str) -> Result<String> {
        let mut change = self.database.begin_write().await?;
        lock_customer(owner, &mut change).await?;
        let saved: Option<(String,)> = sqlx::query_as(
            "SELECT id FROM address WHERE customer_id = $1 AND number = $2 AND street = $3
             AND city = $4 AND postcode = $5 AND country = $6 ORDER BY seq, id LIMIT 1",
        )
        .bind(owner)
        .bind(&address.number)
        .bind(&address.street)
        .bind(&address.city)
        .bind(&address.postcode)
        .bind(&address.country)
        .fetch_optional(&mut *change)
        .await?;
        if let Some((id,)) = saved {
            return Ok(id);
        }
        insert(address, Some(owner), &mut change).await?;
        change.commit().await?;
        Ok(address.id.clone())
    }

    /// Removes an address of `owner`.
    pub async fn delete_address(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let removed =
            sqlx::query("DELETE FROM address WHERE id = $1 AND ($2 = '' OR customer_id = $2)");
        let removed = removed.bind(id).bind(owner.unwrap_or_default());
        let mut change = self.database.begin_write().await?;
        let removed = removed.execute(&mut *change).await?;
        change.commit().await?;
        match removed.rows_affected() {
            0 => Err(Error::NotFound("address")),
            _ => Ok(()),
        }
    }
}

async fn insert(
    address: &Address,
    owner: Option<&str>,
    change: &mut WriteTransaction,
) -> Result<()> {
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
    .execute(&mut **change)
    .await
    .map_err(unknown_customer)?;
    Ok(())
}
