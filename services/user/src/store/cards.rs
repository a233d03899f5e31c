//! Cards in a database. An `owner` who is `None` means anybody.

use chassis::{Error, Result, WriteTransaction};

use super::{LONGEST_LIST, Store, lock_customer, unknown_customer};
use crate::Card;
use crate::card::MaskedCard;

impl Store {
    /// Returns a card of `owner`.
    pub async fn card(&self, id: &str, owner: Option<&str>) -> Result<Card> {
        let card = sqlx::query_as(
            "SELECT id, masked_number, expires FROM card
             WHERE id = $1 AND ($2 = '' OR customer_id = $2)",
        );
        let card = card.bind(id).bind(owner.unwrap_or_default());
        let card = card.fetch_optional(self.database.reads());
        card.await?.ok_or(Error::NotFound("card"))
    }

    /// Returns everybody's cards, oldest first, [`LONGEST_LIST`] at most.
    pub async fn cards(&self) -> Result<Vec<Card>> {
        let cards =
            sqlx::query_as("SELECT id, masked_number, expires FROM card ORDER BY seq, id LIMIT $1");
        let cards = cards.bind(LONGEST_LIST);
        Ok(cards.fetch_all(self.database.reads()).await?)
    }

    /// Returns the cards of `owner`, oldest first, [`LONGEST_LIST`] at most.
    /// Fails for an unknown owner.
    pub async fn cards_of(&self, owner: &str) -> Result<Vec<Card>> {
        let cards = sqlx::query_as(
            "SELECT id, masked_number, expires FROM card
             WHERE customer_id = $1 ORDER BY seq, id LIMIT $2",
        );
        let cards = cards.bind(owner).bind(LONGEST_LIST);
        let cards: Vec<Card> = cards.fetch_all(self.database.reads()).await?;
        if cards.is_empty() {
            self.customer(owner).await?;
        }
        Ok(cards)
    }

    /// Adds a card for `owner`, or for nobody. Nothing is kept when there is no
    /// such owner.
    pub async fn create_card(&self, card: &MaskedCard, owner: Option<&str>) -> Result<()> {
        let mut change = self.database.begin_write().await?;
        self.insert_card(card, owner, &mut change).await?;
        change.commit().await?;
        Ok(())
    }

    /// Saves a card of `owner` unless it is saved already, and returns it as it
    /// is saved. Fails for an unknown owner.
    pub async fn save_card(&self, new: &MaskedCard, owner: &str) -> Result<Card> {
        let mut change = self.database.begin_write().await?;
        lock_customer(owner, &mut change).await?;
        let saved: Vec<SavedCard> = sqlx::query_as(if self.schema.has_fingerprints() {
            "SELECT id, masked_number, expires, fingerprint FROM card
             WHERE customer_id = $1 AND masked_number = $2 ORDER BY seq, id"
        } else {
            "SELECT id, masked_number, expires, NULL AS fingerprint FROM card
             WHERE customer_id = $1 AND masked_number = $2 ORDER BY seq, id"
        })
        .bind(owner)
        .bind(&new.card.masked_number)
        .fetch_all(&mut *change)
        .await?;
        let mut saved = saved.into_iter();
        if let Some(same) = saved.find(|one| new.is_same(&one.card, one.fingerprint.as_deref())) {
            return Ok(same.card);
        }
        self.insert_card(new, Some(owner), &mut change).await?;
        change.commit().await?;
        Ok(new.card.clone())
    }

    /// Removes a card of `owner`.
    pub async fn delete_card(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let removed =
            sqlx::query("DELETE FROM card WHERE id = $1 AND ($2 = '' OR customer_id = $2)");
        let removed = removed.bind(id).bind(owner.unwrap_or_default());
        let mut change = self.database.begin_write().await?;
        let removed = removed.execute(&mut *change).await?;
        change.commit().await?;
        match removed.rows_affected() {
            0 => Err(Error::NotFound("card")),
            _ => Ok(()),
        }
    }

    async fn insert_card(
        &self,
        new: &MaskedCard,
        owner: Option<&str>,
        change: &mut WriteTransaction,
    ) -> Result<()> {
        let has_fingerprints = self.schema.has_fingerprints();
        let insert = sqlx::query(if has_fingerprints {
            "INSERT INTO card (id, seq, customer_id, masked_number, expires, fingerprint)
             VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM card), $2, $3, $4, $5)"
        } else {
            "INSERT INTO card (id, seq, customer_id, masked_number, expires)
             VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM card), $2, $3, $4)"
        });
        let card = &new.card;
        let insert = insert.bind(&card.id).bind(owner).bind(&card.masked_number);
        let mut insert = insert.bind(&card.expires);
        if has_fingerprints {
            insert = insert.bind(new.fingerprint.as_deref());
        }
        let inserted = insert.execute(&mut **change).await;
        inserted.map(drop).map_err(unknown_customer)
    }
}

#[derive(sqlx::FromRow)]
struct SavedCard {
    #[sqlx(flatten)]
    card: Card,
    fingerprint: Option<String>,
}
