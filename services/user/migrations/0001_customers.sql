-- `seq` grows with every row of a table: lists are ordered by it, oldest first.

CREATE TABLE customer (
    id         TEXT   PRIMARY KEY,
    seq        BIGINT NOT NULL,
    username   TEXT   NOT NULL UNIQUE,
    password   TEXT   NOT NULL, -- Argon2id in PHC format, or legacy-sha1$salt$hex after an import
    email      TEXT   NOT NULL,
    first_name TEXT   NOT NULL,
    last_name  TEXT   NOT NULL
);

CREATE INDEX customer_seq ON customer (seq);

CREATE TABLE address (
    id          TEXT   PRIMARY KEY,
    seq         BIGINT NOT NULL,
    customer_id TEXT   REFERENCES customer (id) ON DELETE CASCADE, -- NULL: nobody's
    number      TEXT   NOT NULL,
    street      TEXT   NOT NULL,
    city        TEXT   NOT NULL,
    postcode    TEXT   NOT NULL,
    country     TEXT   NOT NULL
);

CREATE INDEX address_seq ON address (seq);
CREATE INDEX address_customer ON address (customer_id, seq);

CREATE TABLE card (
    id            TEXT   PRIMARY KEY,
    seq           BIGINT NOT NULL,
    customer_id   TEXT   REFERENCES customer (id) ON DELETE CASCADE, -- NULL: nobody's
    masked_number TEXT   NOT NULL, -- asterisks and the last four digits
    expires       TEXT   NOT NULL
);

CREATE INDEX card_seq ON card (seq);
CREATE INDEX card_customer ON card (customer_id, seq);
