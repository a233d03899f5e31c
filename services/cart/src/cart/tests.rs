use super::*;

fn cart(lines: &[(&str, u32)]) -> Cart {
    let items = lines.iter().map(|(product, quantity)| Item {
        id: format!("line-{product}"),
        product_id: (*product).to_owned(),
        quantity: *quantity,
        unit_price_cents: 1500,
    });
    Cart {
        items: items.collect(),
        ..Cart::empty("us")
    }
}

fn new_item(product: &str) -> NewItem {
    NewItem {
        product_id: product.to_owned(),
        quantity: 3,
        increment: 2,
        unit_price_cents: 900,
    }
}

#[test]
fn a_new_line_starts_with_its_quantity_and_an_old_one_grows() {
    let mut us = cart(&[("holy", 1)]);
    us.add(&new_item("holy"), "new").unwrap();
    us.add(&new_item("nerd"), "new").unwrap();
    let holy = us.item("holy").unwrap();
    assert_eq!((holy.quantity, holy.unit_price_cents), (3, 1500));
    let nerd = us.item("nerd").unwrap();
    assert_eq!(
        (nerd.quantity, nerd.unit_price_cents, &*nerd.id),
        (3, 900, "new")
    );
}

#[test]
fn zero_removes_a_line_and_a_missing_one_is_not_found() {
    let mut us = cart(&[("holy", 1), ("nerd", 2)]);
    us.set_quantity("holy", 0).unwrap();
    us.set_quantity("nerd", 7).unwrap();
    assert_eq!(us, cart(&[("nerd", 7)]));
    assert!(us.set_quantity("holy", 1).is_err());
}

#[test]
fn merging_adds_quantities_keeps_our_prices_and_appends_the_rest_in_order() {
    let mut us = cart(&[("holy", 1), ("nerd", 2)]);
    let mut other = cart(&[("zebra", 5), ("nerd", 40), ("aqua", 1)]);
    other.items[1].unit_price_cents = 1;
    us.merge(other).unwrap();
    let merged = cart(&[("holy", 1), ("nerd", 42), ("zebra", 5), ("aqua", 1)]);
    assert_eq!(us, merged);
}

#[test]
fn a_merge_that_does_not_fit_changes_nothing() {
    let names: Vec<String> = (0..MAX_LINES).map(|n| n.to_string()).collect();
    let lines: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
    let mut us = cart(&lines);
    let before = us.clone();
    assert!(us.merge(cart(&[("0", 1), ("one more", 1)])).is_err());
    assert_eq!(us, before);
    us.merge(cart(&[("0", 1)])).unwrap();
    assert_eq!(us.item("0").unwrap().quantity, 2);
}

#[test]
fn a_line_stops_growing_before_it_overflows() {
    let mut us = cart(&[("holy", u32::MAX - 1)]);
    us.merge(cart(&[("holy", u32::MAX)])).unwrap();
    assert_eq!(us.items[0].quantity, quantity::MAX);
    us.merge(cart(&[("nerd", 400)])).unwrap();
    assert_eq!(us.items[1].quantity, quantity::MAX);
}

fn purchased(lines: &[(&str, u32)]) -> Vec<PurchasedItem> {
    let lines = lines.iter().map(|(product, quantity)| PurchasedItem {
        product_id: (*product).to_owned(),
        quantity: *quantity,
    });
    lines.collect()
}

#[test]
fn what_was_bought_is_taken_out_and_what_was_added_since_stays() {
    let mut us = cart(&[("holy", 3), ("nerd", 2), ("aqua", 1), ("zebra", 4)]);
    us.remove_purchased(&purchased(&[
        ("nerd", 2),
        ("holy", 1),
        ("aqua", 7),
        ("gone", 1),
    ]));
    assert_eq!(us, cart(&[("holy", 2), ("zebra", 4)]));
    us.remove_purchased(&purchased(&[("holy", 1), ("holy", 1), ("zebra", 0)]));
    assert_eq!(us, cart(&[("zebra", 4)]));
}

#[test]
fn everything_is_taken_out_when_nothing_is_named() {
    let mut us = cart(&[("holy", 3), ("nerd", 2)]);
    us.remove_purchased(&[]);
    assert_eq!(us, cart(&[]));
}

#[test]
fn bad_input_is_refused_by_the_name_its_sender_gave_it() {
    let text = |error: Error| error.to_string();
    assert_eq!(
        text(check_quantity("quantity", 0, 1).unwrap_err()),
        "quantity must be 1 to 99"
    );
    assert_eq!(
        text(check_price("unitPrice", -1).unwrap_err()),
        "unitPrice must be 0 to 1000000.00"
    );
    for bad in ["", "a\0b", &"x".repeat(201)] {
        assert_eq!(
            text(check_id("itemId", bad).unwrap_err()),
            "itemId must be 1 to 200 characters"
        );
    }
    assert!(check_id("itemId", &"ü".repeat(200)).is_ok());
}

#[test]
fn a_revision_names_the_lines_and_the_count_of_changes() {
    let us = cart(&[("holy", 1), ("nerd", 2)]);
    let changed = Cart {
        changes: 1,
        ..us.clone()
    };
    let mut new_line = us.clone();
    new_line.items[0].id = "another".to_owned();
    let others = [&changed, &new_line, &cart(&[("holy", 1), ("nerd", 3)])];
    for other in others {
        assert_ne!(us.revision(), other.revision());
    }
    assert_eq!(us.revision(), us.clone().revision());
    assert_eq!(Cart::empty("us").revision(), "");
}

#[test]
fn only_ids_of_sessions_are_guests() {
    assert!(is_guest("QyHqc3tWv0mP9d2bZk1nXw") && is_guest("c1"));
    assert!(!is_guest("57a98d98e4b00679b4a830b2"));
}
