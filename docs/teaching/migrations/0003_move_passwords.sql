-- Do not do this: see ../README.md.
ALTER TABLE customer RENAME COLUMN password TO hash;
ALTER TABLE customer ADD COLUMN joined BIGINT NOT NULL;
DROP TABLE address;
