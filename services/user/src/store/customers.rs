//! Customers in a database.

use chassis::{Error, Result};

use super::{LONGEST_LIST, Store};
use crate::customer::{Account, Customer, Profile};

impl Store {
    /// Returns the customer with this id.
    pub async fn customer(&self, id: &str) -> Result<Customer> {
        let customer = sqlx::query_as(
            "SELECT id, username, email, first_name, last_name FROM customer WHERE id = $1",
        );
        let customer = customer.bind(id).fetch_optional(self.database.pool());
        customer.await?.ok_or(Error::NotFound("customer"))
    }

    /// Returns the customers, oldest first, [`LONGEST_LIST`] at most.
    pub async fn customers(&self) -> Result<Vec<Customer>> {
        let customers = sqlx::query_as(
            "SELECT id, username, email, first_name, last_name FROM customer
             ORDER BY seq, id LIMIT $1",
        );
        let customers = customers.bind(LONGEST_LIST);
        Ok(customers.fetch_all(self.database.pool()).await?)
    }

    /// Returns the account that is signed in to as `username`.
    pub async fn account(&self, username: &str) -> Result<Option<Account>> {
        let account = sqlx::query_as(
            "SELECT id, username, email, first_name, last_name, password FROM customer
             WHERE username = $1",
        );
        let account = account.bind(username).fetch_optional(self.database.pool());
        Ok(account.await?)
    }

    /// Adds a customer. Fails when the username is taken.
    pub async fn create_customer(&self, customer: &Customer, password: &str) -> Result<()> {
        let created = sqlx::query(
            "INSERT INTO customer (id, seq, username, password, email, first_name, last_name)
             VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM customer), $2, $3, $4, $5, $6)",
        )
        .bind(&customer.id)
        .bind(&customer.username)
        .bind(password)
        .bind(&customer.email)
        .bind(&customer.first_name)
        .bind(&customer.last_name)
        .execute(self.database.pool())
        .await;
        match created {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(Error::Exists("username"))
            }
            Err(error) => Err(error.into()),
        }
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
        .bind(&profile.last_name)
        .fetch_optional(self.database.pool());
        customer.await?.ok_or(Error::NotFound("customer"))
    }

    /// Replaces a stored password, unless somebody else has done so meanwhile.
    pub async fn change_password(&self, id: &str, old: &str, new: &str) -> Result<()> {
        sqlx::query("UPDATE customer SET password = $3 WHERE id = $1 AND password = $2")
            .bind(id)
            .bind(old)
            .bind(new)
            .execute(self.database.pool())
            .await?;
        Ok(())
    }

    /// Removes a customer with addresses and cards.
    pub async fn delete_customer(&self, id: &str) -> Result<()> {
        let removed = sqlx::query("DELETE FROM customer WHERE id = $1");
        let removed = removed.bind(id).execute(self.database.pool()).await?;
        match removed.rows_affected() {
            0 => Err(Error::NotFound("customer")),
            _ => Ok(()),
        }
    }
}
