use super::*;

fn lease(token: &str, now_ms: i64) -> Lease {
    Lease {
        worker: "ann".into(),
        token: token.into(),
        now_ms,
        expires_at_ms: now_ms + 30_000,
    }
}

fn new() -> Shipment {
    Shipment::new("s", "o", "n", 0).unwrap()
}

#[test]
fn a_shipment_goes_from_waiting_to_shipped() {
    let mut shipment = new();
    assert!(shipment.lease(&lease("t", 5)));
    assert_eq!((shipment.state, shipment.attempts), (State::Leased, 1));
    shipment.pack("t", 10).unwrap();
    assert_eq!(
        (shipment.state, shipment.packed_at_ms),
        (State::Packed, Some(10))
    );
    shipment.complete("t", 20).unwrap();
    assert_eq!(
        (shipment.state, shipment.shipped_at_ms),
        (State::Shipped, Some(20))
    );
    assert!(!shipment.lease(&lease("u", i64::MAX - 30_000)));
}

#[test]
fn repeating_a_step_changes_nothing() {
    let mut shipment = new();
    shipment.lease(&lease("t", 5));
    shipment.complete("t", 20).unwrap();
    assert_eq!(shipment.packed_at_ms, Some(20));
    let done = shipment.clone();
    shipment.complete("t", 30).unwrap();
    shipment.pack("t", 30).unwrap();
    assert_eq!(shipment, done);
    assert!(shipment.fail("t", "why", 30).is_err());
}

#[test]
fn only_the_holder_of_the_lease_may_go_on() {
    let mut shipment = new();
    for token in ["", "t"] {
        assert!(shipment.pack(token, 1).is_err());
    }
    shipment.lease(&lease("t", 5));
    let leased = shipment.clone();
    assert!(!shipment.lease(&lease("u", 30_004)));
    for token in ["", "u"] {
        assert!(shipment.pack(token, 1).is_err() && shipment.complete(token, 1).is_err());
        assert!(shipment.fail(token, "why", 1).is_err());
    }
    assert_eq!(shipment, leased);
}

#[test]
fn a_lease_that_ran_out_goes_to_the_next_and_the_box_stays_packed() {
    let mut shipment = new();
    shipment.lease(&lease("t", 5));
    shipment.pack("t", 10).unwrap();
    assert!(shipment.lease(&lease("u", 30_005)));
    assert_eq!(
        (shipment.state, shipment.packed_at_ms),
        (State::Packed, Some(10))
    );
    assert_eq!(shipment.failure, "the lease ran out");
    assert!(shipment.complete("t", 31_000).is_err());
    shipment.complete("u", 31_000).unwrap();
    assert_eq!(shipment.failure, "");
}

#[test]
fn each_failure_waits_longer_and_the_fifth_is_the_last() {
    let (mut shipment, mut now) = (new(), 0);
    let mut pauses = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        assert!(shipment.lease(&lease("t", now)));
        shipment.fail("t", "torn\0box", now).unwrap();
        pauses.push(shipment.due_at_ms.map(|due| due - now));
        now = shipment.due_at_ms.unwrap_or(now);
    }
    let seconds = |n: i64| Some(n * 1000);
    assert_eq!(
        pauses,
        [seconds(1), seconds(2), seconds(4), seconds(8), None]
    );
    assert_eq!(
        (shipment.state, &*shipment.failure),
        (State::Stuck, "tornbox")
    );
}

#[test]
fn a_worker_that_ends_is_not_the_shipments_fault() {
    let mut shipment = new();
    for now in 0..2 * MAX_ATTEMPTS {
        assert!(shipment.lease(&lease("t", now)));
        shipment.release("t", "the worker ended", now).unwrap();
        assert_eq!(
            (shipment.state, shipment.due_at_ms),
            (State::Waiting, Some(now))
        );
    }
    for now in 1..MAX_ATTEMPTS {
        assert!(shipment.lease(&lease("t", now * 100_000)));
        shipment.fail("t", "torn box", now * 100_000).unwrap();
        assert_eq!(shipment.state, State::Waiting, "{now}");
    }
    assert!(shipment.lease(&lease("t", 1_000_000)));
    shipment.fail("t", "torn box", 1_000_000).unwrap();
    assert_eq!(shipment.state, State::Stuck);
}

#[test]
fn what_is_not_packed_can_be_recalled_for_ever() {
    let leased = |shipment: &mut Shipment| assert!(shipment.lease(&lease("t", 5)));
    let stuck = |shipment: &mut Shipment| {
        shipment.attempts = MAX_ATTEMPTS;
        assert!(!shipment.lease(&lease("t", 5)));
        assert_eq!(shipment.state, State::Stuck);
    };
    let waiting = |_: &mut Shipment| {};
    for before in [&waiting as &dyn Fn(&mut Shipment), &leased, &stuck] {
        let mut shipment = new();
        before(&mut shipment);
        shipment.recall().unwrap();
        assert_eq!(shipment.state, State::Recalled);
        let recalled = shipment.clone();
        shipment.recall().unwrap();
        assert!(!shipment.lease(&lease("u", i64::MAX - 30_000)));
        let refused = [
            shipment.pack("t", 10),
            shipment.complete("t", 10),
            shipment.fail("t", "why", 10),
        ];
        for refused in refused {
            assert_eq!(
                refused.unwrap_err().to_string(),
                "the shipment was recalled"
            );
        }
        assert_eq!(shipment, recalled);
    }
}

#[test]
fn what_is_packed_cannot_be_recalled() {
    let mut shipment = new();
    shipment.lease(&lease("t", 5));
    shipment.pack("t", 10).unwrap();
    let mut parked = shipment.clone();
    parked.attempts = MAX_ATTEMPTS;
    parked.fail("t", "torn box", 20).unwrap();
    let mut shipped = shipment.clone();
    shipped.complete("t", 20).unwrap();
    for mut late in [shipment, parked, shipped] {
        let before = late.clone();
        assert_eq!(late.recall().unwrap_err().to_string(), "already packed");
        assert_eq!(late, before);
    }
}

#[test]
fn names_are_bounded() {
    let long = "x".repeat(MAX_TEXT_LEN + 1);
    for (id, order, name) in [
        (&*long, "", ""),
        ("", &long, ""),
        ("", "", &long),
        ("", "", "\0"),
    ] {
        assert!(Shipment::new(id, order, name, 0).is_err());
    }
}

#[test]
fn states_survive_the_database() {
    for text in [
        "waiting", "leased", "packed", "shipped", "stuck", "recalled",
    ] {
        assert_eq!(State::try_from(text).unwrap().as_str(), text);
    }
    assert!(State::try_from("lost").is_err());
}
