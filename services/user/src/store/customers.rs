//! Customers in a database.

use chassis::{Error, Result};

use super::{LONGEST_LIST, Store};
use crate::customer::{Customer, Profile};

impl Store {
    /// Returns the customer with this id.
    pub async fn customer(&self, id: &str) -> Result<Customer> {
        let customer = sqlx::query_as(
            "SELECT id, username, email, first_name, last_name FROM customer WHERE id = $1",
        );
        let customer = customer.bind(id).fetch_optional(self.database.reads());
        customer.await?.ok_or(Error::NotFound("customer"))
    }

    /// Returns the customers, oldest first, [`LONGEST_LIST`] at most.
    pub async fn customers(&self) -> Result<Vec<Customer>> {
        let customers = sqlx::query_as(
            "SELECT id, username, email, first_name, last_name FROM customer
             ORDER BY seq, id LIMIT $1",
        );
        let customers = customers.bind(LONGEST_LIST);
        Ok(customers.fetch_all(self.database.reads()).await?)
    }

    /// Changes what is known about a customer.
    pub async fn update_customer(&self, id: &str, profile: &Profile) -> Result<Customer> {
        let customer = sqlx::query_as(
            "UPDATE customer SET email = $2, first_name = $3, last_name = $4 WHERE id = $1
             RETURNING id, username, email, first_name, last_name",
        )
        .bind(id)
        .bind(&profile.email)
        .bind(&profile.first_name)
        .bind(&profile.last_name);
        let mut change = self.database.begin_write().await?;
        let customer = customer.fetch_optional(&mut *change).await?;
        change.commit().await?;
        customer.ok_or(Error::NotFound("customer"))
    }

    /// Removes a customer with addresses and cards.
    pub async fn delete_customer(&self, id: &str) -> Result<()> {
        let removed = sqlx::query("DELETE FROM customer WHERE id = $1");
        let mut change = self.database.begin_write().await?;
        let removed = removed.bind(id).execute(&mut *change).await?;
        change.commit().await?;
        match removed.rows_affected() {
            0 => Err(Error::NotFound("customer")),
            _ => Ok(()),
        }
    }
}
