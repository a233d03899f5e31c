-- Grows with every change of a cart's lines, and begins anew with a row: cart.rs makes the revision of a cart out of it
-- and of the lines, so that a release that does not count here changes revisions as well.
ALTER TABLE cart ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
