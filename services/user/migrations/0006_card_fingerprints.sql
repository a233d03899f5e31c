-- A keyed hash of the whole number, so that a customer's second card with the same last four digits is not taken for the
-- first. NULL where no CARD_KEY was set, or a release from before saved the card.
ALTER TABLE card ADD COLUMN fingerprint TEXT;
