-- A row per cart: what changes a cart locks it first.
CREATE TABLE cart (
    customer_id TEXT   PRIMARY KEY,
    changed_at  BIGINT NOT NULL -- milliseconds
);

CREATE INDEX cart_changed_at ON cart (changed_at);

CREATE TABLE line (
    customer_id      TEXT   NOT NULL REFERENCES cart (customer_id) ON DELETE CASCADE,
    product_id       TEXT   NOT NULL,
    position         BIGINT NOT NULL, -- grows with each line added
    id               TEXT   NOT NULL,
    quantity         BIGINT NOT NULL CHECK (quantity > 0),
    unit_price_cents BIGINT NOT NULL CHECK (unit_price_cents >= 0),
    PRIMARY KEY (customer_id, product_id)
);

-- Orders whose cart was cleared, so that telling us twice does no harm.
CREATE TABLE cleared_order (
    order_id   TEXT   PRIMARY KEY,
    cleared_at BIGINT NOT NULL -- milliseconds
);

CREATE INDEX cleared_order_cleared_at ON cleared_order (cleared_at);
