-- The ten socks of the shop (contract/catalogue.md, "Seed data"); the descriptions are our own.
INSERT INTO product (id, name, description, image_url_1, image_url_2, price_cents, stock) VALUES
    ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 'Holy',
     'Off-white wool with small gold stars and a halo that needs no batteries. There is one pair, which explains the price and, in part, the name.',
     '/catalogue/images/holy_1.jpeg', '/catalogue/images/holy_2.jpeg', 9999, 1),
    ('3395a43e-2d88-40de-b95f-e00e1502085b', 'Colourful',
     'Stripes in brown, blue and whatever else was on the shelf that day. Goes with everything, provided you have stopped checking.',
     '/catalogue/images/colourful_socks.jpg', '/catalogue/images/colourful_socks.jpg', 1800, 438),
    ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'SuperSport XL',
     'A long black sock with white chevrons pointing firmly at the ground, where the running happens. Also suits people who only own the shoes.',
     '/catalogue/images/puma_1.jpeg', '/catalogue/images/puma_2.jpeg', 1500, 820),
    ('6d62d909-f957-430e-8689-b5129c0bb75e', 'Weave special',
     'Basket weave in charcoal, over one and under one, as it has always been done. The weaver will explain it at length if you let him.',
     '/catalogue/images/weave1.jpg', '/catalogue/images/weave2.jpg', 1715, 33),
    ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'Crossed',
     'Red crosses on blue, one for each time somebody asked for plain. Shown crossed, best worn side by side.',
     '/catalogue/images/cross_1.jpeg', '/catalogue/images/cross_2.jpeg', 1732, 738),
    ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'Figueroa',
     'Green argyle with blue diamonds and a fine cream line. Made for meetings in which only the ankles may hold an opinion.',
     '/catalogue/images/WAT.jpg', '/catalogue/images/WAT2.jpg', 1400, 808),
    ('837ab141-399e-4c1f-9abc-bace40296bac', 'Cat socks',
     'Brown tabby socks with ears at the cuff and green heels. They ignore you all day and are found on the radiator by evening.',
     '/catalogue/images/catsocks.jpg', '/catalogue/images/catsocks2.jpg', 1500, 175),
    ('a0a4f044-b040-410d-8ead-4de0446aec7e', 'Nerd leg',
     'Blue, with circuit traces that run all the way to the toe and do nothing there. Pictured with a bit of leg, which is not included.',
     '/catalogue/images/bit_of_leg_1.jpeg', '/catalogue/images/bit_of_leg_2.jpeg', 799, 115),
    ('d3588630-ad8e-49df-bbd7-3167f7efb246', 'YouTube.sock',
     'A test card for the ankle: colour bars, a circle and a grid. Nothing is on, and people watch it anyway.',
     '/catalogue/images/youtube_1.jpeg', '/catalogue/images/youtube_2.jpeg', 1099, 801),
    ('zzz4f044-b040-410d-8ead-4de0446aec7e', 'Classic',
     'Brown ribbed wool with a green heel, toe and cuff. Your grandfather had a pair, and there is a fair chance he still does.',
     '/catalogue/images/classic.jpg', '/catalogue/images/classic2.jpg', 1200, 127);

INSERT INTO tag (name, position) VALUES
    ('brown', 1), ('geek', 2), ('formal', 3), ('blue', 4), ('skin', 5), ('red', 6), ('action', 7), ('sport', 8), ('black', 9), ('magic', 10), ('green', 11);

INSERT INTO product_tag (product_id, tag) VALUES
    ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 'magic'), ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 'action'),
    ('3395a43e-2d88-40de-b95f-e00e1502085b', 'brown'), ('3395a43e-2d88-40de-b95f-e00e1502085b', 'blue'),
    ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'sport'), ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'black'), ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'formal'),
    ('6d62d909-f957-430e-8689-b5129c0bb75e', 'geek'), ('6d62d909-f957-430e-8689-b5129c0bb75e', 'black'),
    ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'blue'), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'red'), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'action'), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'formal'),
    ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'formal'), ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'green'), ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'blue'),
    ('837ab141-399e-4c1f-9abc-bace40296bac', 'brown'), ('837ab141-399e-4c1f-9abc-bace40296bac', 'green'), ('837ab141-399e-4c1f-9abc-bace40296bac', 'formal'),
    ('a0a4f044-b040-410d-8ead-4de0446aec7e', 'blue'), ('a0a4f044-b040-410d-8ead-4de0446aec7e', 'skin'),
    ('d3588630-ad8e-49df-bbd7-3167f7efb246', 'geek'), ('d3588630-ad8e-49df-bbd7-3167f7efb246', 'formal'),
    ('zzz4f044-b040-410d-8ead-4de0446aec7e', 'brown'), ('zzz4f044-b040-410d-8ead-4de0446aec7e', 'green');
