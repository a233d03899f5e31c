-- Allows shipments to be recalled. SQLite cannot change a check, so the table is written anew.
CREATE TABLE shipment_with_recalls (
    id            TEXT   PRIMARY KEY,
    order_id      TEXT   UNIQUE, -- none when it belongs to no order of ours
    name          TEXT   NOT NULL,
    state         TEXT   NOT NULL
        CHECK (state IN ('waiting', 'leased', 'packed', 'shipped', 'stuck', 'recalled')),
    attempts      BIGINT NOT NULL,
    worker        TEXT   NOT NULL,
    token         TEXT   NOT NULL,
    due_at_ms     BIGINT,        -- when it may next be leased; none once shipped, stuck or recalled
    created_at_ms BIGINT NOT NULL,
    packed_at_ms  BIGINT,
    shipped_at_ms BIGINT,
    failure       TEXT   NOT NULL
);

INSERT INTO shipment_with_recalls
SELECT id, order_id, name, state, attempts, worker, token, due_at_ms, created_at_ms, packed_at_ms, shipped_at_ms, failure
FROM shipment;

DROP TABLE shipment;
ALTER TABLE shipment_with_recalls RENAME TO shipment;

-- Taking the oldest costs the same however many were shipped before.
CREATE INDEX shipment_queue ON shipment (created_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX shipment_state ON shipment (state, id);
