-- Stores the one order of a closed shop :orders times over, each time under names of its own: as orders, payment and
-- shipping have it once it is shipped. Run by sqlite3 on orders.db, in the folder of the shop.
ATTACH 'payment.db' AS payment;
ATTACH 'shipping.db' AS shipping;
PRAGMA main.journal_mode = OFF;
PRAGMA payment.journal_mode = OFF;
PRAGMA shipping.journal_mode = OFF;
PRAGMA main.synchronous = OFF;
PRAGMA payment.synchronous = OFF;
PRAGMA shipping.synchronous = OFF;

CREATE TEMP TABLE first AS SELECT * FROM main.orders LIMIT 1;

-- One a second until now, and ids that grow with time, as the shop's own do.
CREATE TEMP TABLE copies (number INTEGER PRIMARY KEY, at_ms INTEGER, id TEXT, shipment_id TEXT);
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :orders)
INSERT INTO copies
SELECT number, (unixepoch() - :orders + number) * 1000,
       printf('%08x', unixepoch() - :orders + number) || lower(hex(randomblob(8))),
       lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-' ||
             hex(randomblob(2)) || '-' || hex(randomblob(6)))
FROM numbers;

-- Ten orders a customer.
INSERT INTO main.orders
    (id, customer_id, idempotency_key, key_held, state, contents, subtotal_cents, total_cents, shipment_id, reason,
     keep_cart, placed_at_ms, paid_at_ms, packed_at_ms, shipped_at_ms, closed_at_ms)
SELECT copies.id, printf('%024x', number / 10), lower(hex(randomblob(16))), key_held, state, contents, subtotal_cents,
       total_cents, copies.shipment_id, reason, keep_cart, at_ms, at_ms, at_ms, at_ms, closed_at_ms
FROM copies, temp.first ORDER BY number;

CREATE TEMP TABLE paid AS SELECT * FROM payment.authorisation LIMIT 1;
INSERT INTO payment.authorisation (order_id, id, amount_cents, authorised, message, at_ms)
SELECT copies.id, lower(hex(randomblob(12))), amount_cents, authorised, message, copies.at_ms
FROM copies, temp.paid ORDER BY number;

CREATE TEMP TABLE sent AS SELECT * FROM shipping.shipment LIMIT 1;
INSERT INTO shipping.shipment
    (id, order_id, name, state, attempts, worker, token, created_at_ms, packed_at_ms, shipped_at_ms, failure)
SELECT copies.shipment_id, copies.id, name, state, attempts, worker, token, copies.at_ms, copies.at_ms, copies.at_ms, failure
FROM copies, temp.sent ORDER BY number;

PRAGMA main.journal_mode = WAL;
PRAGMA payment.journal_mode = WAL;
PRAGMA shipping.journal_mode = WAL;
