-- Attempts that ended with their worker are counted apart from failed ones.
ALTER TABLE shipment ADD COLUMN lapses BIGINT NOT NULL DEFAULT 0;
