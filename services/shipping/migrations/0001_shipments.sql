-- The shipments, which are also the queue of those not yet shipped.
CREATE TABLE shipment (
    id            TEXT   PRIMARY KEY,
    order_id      TEXT   UNIQUE, -- none when it belongs to no order of ours
    name          TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('waiting', 'leased', 'packed', 'shipped', 'stuck')),
    attempts      BIGINT NOT NULL,
    worker        TEXT   NOT NULL,
    token         TEXT   NOT NULL,
    due_at_ms     BIGINT,        -- when it may next be leased; none once shipped or stuck
    created_at_ms BIGINT NOT NULL,
    packed_at_ms  BIGINT,
    shipped_at_ms BIGINT,
    failure       TEXT   NOT NULL
);

-- Taking the oldest costs the same however many were shipped before.
CREATE INDEX shipment_queue ON shipment (created_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX shipment_state ON shipment (state, id);
