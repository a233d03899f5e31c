//! Restarting what visitors depend on.

use rustix::process::Signal;

use crate::crowd::{Crowd, until_back};
use crate::support::{Shop, signal};

/// Everybody: people come in by the supervisor's door, and it stays open.
const SERVICES: [&str; 8] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
];

#[test]
fn every_service_is_restarted_in_turn_and_nobody_notices() {
    let scale = SERVICES.map(|service| format!("{service}=2"));
    let flags: Vec<&str> = scale.iter().flat_map(|one| ["--scale", one]).collect();
    let shop = Shop::open_with(&flags);
    let crowd = Crowd::enter(&shop);
    for service in SERVICES {
        for number in 1..=2 {
            let name = format!("{service}-{number}");
            let before = shop.instance(&name);
            signal(before.pid.unwrap(), Signal::TERM);
            until_back(&shop, &name, before.restarts);
        }
    }
    crowd.leaves_content();
}
