-- Expand: hashes get a table of their own, so that whoever lists customers cannot come across them.
-- Releases from before know nothing of it and go on with customer.password.
CREATE TABLE credential (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id) ON DELETE CASCADE,
    hash        TEXT NOT NULL -- as in customer.password
);
