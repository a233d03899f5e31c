-- contract: customer.password, which no release reads since v3-migrate or needs since v4-contract.
ALTER TABLE customer DROP COLUMN password;
