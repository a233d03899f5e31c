-- The customers of the first Sock Shop: Eve_Berger / eve, user / password,
-- user1 / password. Cards are masked, and their security codes were left out.

INSERT INTO customer (id, seq, username, password, email, first_name, last_name) VALUES
    ('57a98d98e4b00679b4a830af', 1, 'Eve_Berger', '$argon2id$v=19$m=19456,t=2,p=1$e5LXaq4VR+Y+4/zUt1f0Lg$ruTiRE/LWBKktXj67WajwfjDA6dWP3xpj9Ddul2sG+4', '', 'Eve', 'Berger'),
    ('57a98d98e4b00679b4a830b2', 2, 'user', '$argon2id$v=19$m=19456,t=2,p=1$3iHqsNUnT2adfPDRrdeoCg$d8h1wzDz0AAyppk5pkCBhAZwzL+hGOvVuO1XRn0TXc0', '', 'User', 'Name'),
    ('57a98d98e4b00679b4a830b5', 3, 'user1', '$argon2id$v=19$m=19456,t=2,p=1$IIvJGOf1kvQoMiv0MRUL+w$sat+lrFdR2DtSjRSONPSLWJC/G6iIRyuliHoSNb9kIU', '', 'User1', 'Name1');

INSERT INTO address (id, seq, customer_id, number, street, city, postcode, country) VALUES
    ('57a98d98e4b00679b4a830ad', 1, '57a98d98e4b00679b4a830af', '246', 'Whitelees Road', 'Glasgow', 'G67 3DL', 'United Kingdom'),
    ('57a98d98e4b00679b4a830b0', 2, '57a98d98e4b00679b4a830b2', '246', 'Whitelees Road', 'Glasgow', 'G67 3DL', 'United Kingdom'),
    ('57a98d98e4b00679b4a830b3', 3, '57a98d98e4b00679b4a830b5', '4', 'Maes-Y-Deri', 'Aberdare', 'CF44 6TF', 'United Kingdom'),
    ('57a98ddce4b00679b4a830d1', 4, NULL, '3', 'my road', 'London', '', 'UK');

INSERT INTO card (id, seq, customer_id, masked_number, expires) VALUES
    ('57a98d98e4b00679b4a830ae', 1, '57a98d98e4b00679b4a830af', '************9678', '08/19'),
    ('57a98d98e4b00679b4a830b1', 2, '57a98d98e4b00679b4a830b2', '************5918', '08/19'),
    ('57a98d98e4b00679b4a830b4', 3, '57a98d98e4b00679b4a830b5', '************5205', '08/19'),
    ('57a98ddce4b00679b4a830d2', 4, NULL, '*********5432', '04/16');
