CREATE TABLE product (
    id          TEXT   PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,
    description TEXT   NOT NULL,
    image_url_1 TEXT   NOT NULL,
    image_url_2 TEXT   NOT NULL,
    price_cents BIGINT NOT NULL CHECK (price_cents >= 0),
    stock       BIGINT NOT NULL CHECK (stock >= 0)
);

-- Tags are shown in the order of their position.
CREATE TABLE tag (
    name     TEXT   PRIMARY KEY,
    position BIGINT NOT NULL UNIQUE
);

CREATE TABLE product_tag (
    product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    tag        TEXT NOT NULL REFERENCES tag (name) ON DELETE CASCADE,
    PRIMARY KEY (product_id, tag)
);
