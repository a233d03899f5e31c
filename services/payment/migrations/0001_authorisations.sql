-- One row per order, whatever happens to its caller.
CREATE TABLE authorisation (
    order_id     TEXT   PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    amount_cents BIGINT NOT NULL CHECK (amount_cents >= 0),
    authorised   BIGINT NOT NULL CHECK (authorised IN (0, 1)),
    message      TEXT   NOT NULL,
    at_ms        BIGINT NOT NULL,
    voided_at_ms BIGINT
);
