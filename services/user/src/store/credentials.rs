//! Accounts: customers and the hashes of their passwords, where the release's
//! [`Schema`] expects them.

use chassis::{Error, Result, WriteTransaction};

use super::Store;
use crate::Schema;
use crate::customer::{Account, Customer};

/// The migration that drops `customer.password`.
const DROPPED_BY: i64 = 5;

impl Store {
    /// Returns the account that is signed in to as `username`.
    pub async fn account(&self, username: &str) -> Result<Option<Account>> {
        let account = sqlx::query_as(if self.schema.reads_table() {
            "SELECT id, username, email, first_name, last_name, hash AS password
             FROM customer JOIN credential ON customer_id = id WHERE username = $1"
        } else {
            "SELECT id, username, email, first_name, last_name, password
             FROM customer WHERE username = $1"
        });
        let account = account.bind(username).fetch_optional(self.database.reads());
        Ok(account.await?)
    }

    /// Adds a customer. Fails when the username is taken.
    pub async fn create_customer(&self, customer: &Customer, hash: &str) -> Result<()> {
        let mut change = self.database.begin_write().await?;
        let column = self.column(hash, &mut change).await?;
        insert(customer, column, &mut change).await?;
        if self.schema.writes_table() {
            keep(&customer.id, hash, &mut change).await?;
        }
        change.commit().await
    }

    /// Replaces a stored hash, unless somebody else has done so meanwhile.
    pub async fn change_password(&self, id: &str, old: &str, new: &str) -> Result<()> {
        let mut change = self.database.begin_write().await?;
        // One at a time: the row is locked first, whatever the release.
        let locked = sqlx::query("UPDATE customer SET seq = seq WHERE id = $1");
        locked.bind(id).execute(&mut *change).await?;
        let stored: Option<(String,)> = sqlx::query_as(if self.schema.reads_table() {
            "SELECT hash FROM credential WHERE customer_id = $1"
        } else {
            "SELECT password FROM customer WHERE id = $1"
        })
        .bind(id)
        .fetch_optional(&mut *change)
        .await?;
        if stored.is_none_or(|(hash,)| hash != old) {
            return Ok(());
        }
        if self.schema.writes_column() {
            let column = sqlx::query("UPDATE customer SET password = $2 WHERE id = $1");
            column.bind(id).bind(new).execute(&mut *change).await?;
        }
        if self.schema.writes_table() {
            keep(id, new, &mut change).await?;
        }
        change.commit().await
    }

    /// What to put into `customer.password`: nothing once it is gone.
    async fn column<'a>(
        &self,
        hash: &'a str,
        change: &mut WriteTransaction,
    ) -> Result<Option<&'a str>> {
        match self.schema {
            Schema::Done => Ok(None),
            Schema::Contract => Ok((!is_dropped(change).await?).then_some("")),
            Schema::Before | Schema::Expand | Schema::Migrate => Ok(Some(hash)),
        }
    }
}

/// Whether a newer release has dropped the column. None can before `change` ends:
/// who has read a table holds its shape.
async fn is_dropped(change: &mut WriteTransaction) -> Result<bool> {
    sqlx::query("SELECT id FROM customer LIMIT 1")
        .execute(&mut **change)
        .await?;
    let applied = sqlx::query("SELECT version FROM _sqlx_migrations WHERE version = $1");
    let applied = applied.bind(DROPPED_BY).fetch_optional(&mut **change);
    Ok(applied.await?.is_some())
}

async fn insert(
    customer: &Customer,
    column: Option<&str>,
    change: &mut WriteTransaction,
) -> Result<()> {
    let insert = sqlx::query(if column.is_some() {
        "INSERT INTO customer (id, seq, username, email, first_name, last_name, password)
         VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM customer), $2, $3, $4, $5, $6)"
    } else {
        "INSERT INTO customer (id, seq, username, email, first_name, last_name)
         VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM customer), $2, $3, $4, $5)"
    });
    let insert = insert.bind(&customer.id).bind(&customer.username);
    let insert = insert.bind(&customer.email).bind(&customer.first_name);
    let mut insert = insert.bind(&customer.last_name);
    if let Some(column) = column {
        insert = insert.bind(column);
    }
    match insert.execute(&mut **change).await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
            Err(Error::Exists("username"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes a hash into the table.
async fn keep(id: &str, hash: &str, change: &mut WriteTransaction) -> Result<()> {
    let keep = sqlx::query(
        "INSERT INTO credential (customer_id, hash) VALUES ($1, $2)
         ON CONFLICT (customer_id) DO UPDATE SET hash = excluded.hash",
    );
    keep.bind(id).bind(hash).execute(&mut **change).await?;
    Ok(())
}
