-- Every order, from the moment somebody asked for it. Times are milliseconds since the Unix epoch, 0 for what has not
-- happened. `contents` is a JSON document: customer, address, card and items as they were when the order was priced.
CREATE TABLE orders (
    id              TEXT PRIMARY KEY NOT NULL,
    customer_id     TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- 1 until a failed attempt gives its key back.
    key_held        BIGINT NOT NULL DEFAULT 1,
    state           TEXT NOT NULL,
    contents        TEXT NOT NULL DEFAULT '',
    subtotal_cents  BIGINT NOT NULL DEFAULT 0,
    total_cents     BIGINT NOT NULL DEFAULT 0,
    shipment_id     TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    keep_cart       BIGINT NOT NULL,
    placed_at_ms    BIGINT NOT NULL,
    paid_at_ms      BIGINT NOT NULL DEFAULT 0,
    packed_at_ms    BIGINT NOT NULL DEFAULT 0,
    shipped_at_ms   BIGINT NOT NULL DEFAULT 0,
    closed_at_ms    BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX orders_by_key ON orders (customer_id, idempotency_key) WHERE key_held = 1;
CREATE INDEX orders_of_customer ON orders (customer_id, placed_at_ms, id);
CREATE INDEX orders_by_time ON orders (placed_at_ms, id, state);
CREATE INDEX orders_pending ON orders (placed_at_ms) WHERE state = 'pending';
CREATE INDEX orders_open ON orders (id) WHERE state IN ('paid', 'packed');

-- What the others are still to be told, written in the transaction that made it true.
CREATE TABLE outbox (
    order_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    next_try_ms BIGINT NOT NULL,
    PRIMARY KEY (order_id, kind)
);

CREATE INDEX outbox_due ON outbox (next_try_ms);
