-- Migrate: every release that runs writes both places by now, so what is copied here stays right.
-- Touching each row makes writers wait until the copy is made.
UPDATE customer SET password = password;

-- SQLite reads ON CONFLICT after SELECT as part of a join unless there is a WHERE.
INSERT INTO credential (customer_id, hash) SELECT id, password FROM customer WHERE true
ON CONFLICT (customer_id) DO UPDATE SET hash = excluded.hash;
