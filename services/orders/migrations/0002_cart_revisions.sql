-- What the buyer was shown and means to buy: one revision of a cart is bought once. Empty where the caller named none, as in
-- the original's API and in releases from before. An order that is declined or cancelled makes way for another.
ALTER TABLE orders ADD COLUMN cart_revision TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX orders_by_cart_revision ON orders (customer_id, cart_revision)
    WHERE cart_revision <> '' AND state IN ('pending', 'paid', 'packed', 'shipped');
