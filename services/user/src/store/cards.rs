//! Cards in a database. An `owner` who is `None` means anybody.

use chassis::{Error, Result};

use super::{LONGEST_LIST, Store, unknown_customer};
use crate::Card;

impl Store {
    /// Returns a card of `owner`.
    pub async fn card(&self, id: &str, owner: Option<&str>) -> Result<Card> {
        let card = sqlx::query_as(
            "SELECT id, masked_number, expires FROM card
             WHERE id = $1 AND ($2 = '' OR customer_id = $2)",
        );
        let card = card.bind(id).bind(owner.unwrap_or_default());
        let card = card.fetch_optional(self.database.pool());
        card.await?.ok_or(Error::NotFound("card"))
    }

    /// Returns everybody's cards, oldest first, [`LONGEST_LIST`] at most.
    pub async fn cards(&self) -> Result<Vec<Card>> {
        let cards =
            sqlx::query_as("SELECT id, masked_number, expires FROM card ORDER BY seq, id LIMIT $1");
        let cards = cards.bind(LONGEST_LIST);
        Ok(cards.fetch_all(self.database.pool()).await?)
    }

    /// Returns the cards of `owner`, oldest first, [`LONGEST_LIST`] at most.
    /// Fails for an unknown owner.
    pub async fn cards_of(&self, owner: &str) -> Result<Vec<Card>> {
        let cards = sqlx::query_as(
            "SELECT id, masked_number, expires FROM card
             WHERE customer_id = $1 ORDER BY seq, id LIMIT $2",
        );
        let cards = cards.bind(owner).bind(LONGEST_LIST);
        let cards: Vec<Card> = cards.fetch_all(self.database.pool()).await?;
        if cards.is_empty() {
            self.customer(owner).await?;
        }
        Ok(cards)
    }

    /// Adds a card for `owner`, or for nobody. Nothing is kept when there is no
    /// such owner.
    pub async fn create_card(&self, card: &Card, owner: Option<&str>) -> Result<()> {
        sqlx::query(
            "INSERT INTO card (id, seq, customer_id, masked_number, expires)
             VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM card), $2, $3, $4)",
        )
        .bind(&card.id)
        .bind(owner)
        .bind(&card.masked_number)
        .bind(&card.expires)
        .execute(self.database.pool())
        .await
        .map_err(unknown_customer)?;
        Ok(())
    }

    /// Removes a card of `owner`.
    pub async fn delete_card(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let removed =
            sqlx::query("DELETE FROM card WHERE id = $1 AND ($2 = '' OR customer_id = $2)");
        let removed = removed.bind(id).bind(owner.unwrap_or_default());
        match removed.execute(self.database.pool()).await?.rows_affected() {
            0 => Err(Error::NotFound("card")),
            _ => Ok(()),
        }
    }
}
