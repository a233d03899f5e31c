use super::*;

fn contents(lines: &[(u32, i64)]) -> Contents {
    let items = lines.iter().map(|&(quantity, unit_price_cents)| Item {
        quantity,
        unit_price_cents,
        ..Item::default()
    });
    Contents {
        customer: Customer::default(),
        address: Address::default(),
        card: Card::default(),
        items: items.collect(),
    }
}

#[test]
fn a_cart_costs_the_exact_sum_of_its_lines() {
    assert_eq!(contents(&[(3, 1800)]).subtotal_cents().unwrap(), 5400);
    assert_eq!(
        contents(&[(1, 1732), (7, 1)]).subtotal_cents().unwrap(),
        1739
    );
    assert_eq!(contents(&[(1, 0)]).subtotal_cents().unwrap(), 0);
}

#[test]
fn only_a_release_that_is_wrong_on_purpose_charges_shipping_twice() {
    let total = |version| contents(&[(1, 1800)]).total_cents(FaultProfile::of(version));
    for good in ["0.1.0", "v2", "v2-slow"] {
        assert_eq!(total(good).unwrap(), 1800 + SHIPPING_CENTS);
    }
    assert_eq!(total("v2-wrong-total").unwrap(), 1800 + 2 * SHIPPING_CENTS);
}

#[test]
fn a_cart_that_makes_no_sense_is_refused() {
    for lines in [
        &[][..],
        &[(0, 100)],
        &[(1, -1)],
        &[(2, i64::MAX)],
        &[(1, i64::MAX)],
        &[(1, i64::MAX - 1), (1, i64::MAX - 1)],
    ] {
        let refused = contents(lines).subtotal_cents();
        assert!(matches!(refused, Err(Error::Refused(_))), "{lines:?}");
    }
}

#[test]
fn only_the_last_four_digits_of_a_card_remain() {
    let masked = [
        "5544 1544 3456 5918",
        "************5918",
        "12345",
        "1234",
        "ab",
        "",
    ]
    .map(mask);
    assert_eq!(
        masked,
        [
            "************5918",
            "************5918",
            "*2345",
            "****",
            "**",
            ""
        ]
    );
}

#[test]
fn events_come_in_the_order_they_happened() {
    let mut order = Order {
        id: String::new(),
        customer_id: String::new(),
        key: String::new(),
        key_held: true,
        state: State::Shipped,
        contents: None,
        subtotal_cents: 0,
        total_cents: 0,
        shipment_id: String::new(),
        reason: String::new(),
        keep_cart: false,
        times: Times {
            placed_ms: 1,
            paid_ms: 2,
            packed_ms: 3,
            shipped_ms: 4,
            closed_ms: 0,
        },
    };
    let states = |order: &Order| order.events().iter().map(|e| e.0).collect::<Vec<_>>();
    assert_eq!(
        states(&order),
        [State::Pending, State::Paid, State::Packed, State::Shipped]
    );
    order.state = State::Declined;
    order.times = Times {
        placed_ms: 1,
        closed_ms: 2,
        ..Times::default()
    };
    assert_eq!(order.events(), [(State::Pending, 1), (State::Declined, 2)]);
}
