//! Visitors who do not want to notice anything.

use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Shop, TIMEOUT, eventually, signal, sockshop, text};

/// A load test that runs until it is told to end.
pub(crate) struct Crowd {
    load: Option<Child>,
    journal: PathBuf,
}

/// So many orders show that the shop sells.
const SOME: usize = 5;

impl Crowd {
    /// Lets shoppers in through the shop's door, and returns once they buy: by
    /// then everybody has found everybody.
    pub(crate) fn enter(shop: &Shop) -> Self {
        let journal = shop.data().join("crowd.jsonl");
        let load = sockshop()
            .args([
                "load",
                "--rate",
                "3",
                "--think",
                "100ms",
                "--profile",
                "shopper",
            ])
            .args(["--duration", "10m", "--json", "--url", &shop.url, "--data"])
            .arg(shop.data())
            .arg("--journal")
            .arg(&journal)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let crowd = Self {
            load: Some(load.unwrap()),
            journal,
        };
        crowd.buys();
        crowd
    }

    /// Waits until there are some orders more.
    fn buys(&self) {
        let read = || std::fs::read_to_string(&self.journal);
        let count = || read().map_or(0, |text| text.lines().count());
        let before = count();
        eventually("the crowd buys", || count() >= before + SOME);
    }

    /// Asks them to leave, and fails unless all of them got what they wanted.
    pub(crate) fn leaves_content(mut self) {
        self.buys();
        let load = self.load.take().unwrap();
        signal(load.id(), Signal::INT);
        let output = load.wait_with_output().unwrap();
        let summary: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        println!(
            "{} requests, {} failed, {} orders, slowest {} ms",
            summary["requests"],
            summary["failed"],
            summary["orders"]["acknowledged"],
            summary["latency"]["max"],
        );
        assert_eq!(summary["failed"], 0, "{summary}");
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        if let Some(load) = &mut self.load {
            _ = load.kill();
            _ = load.wait();
        }
    }
}

/// Waits until the instance called `name` serves as it did before its
/// `restarts`, and the mesh knows it.
pub(crate) fn until_back(shop: &Shop, name: &str, restarts: u32) {
    let again = || {
        let now = shop.instance(name);
        now.restarts > restarts && now.state == "serving"
    };
    eventually(&format!("{name} serves again"), again);
    eventually(&format!("{name} is known"), || is_known(shop, name));
}

/// Whether every mesh node answers for the instance called `name`.
pub(crate) fn is_known(shop: &Shop, name: &str) -> bool {
    let output = shop.run(&["mesh", "members"]);
    let members = text(&output.stdout);
    let mut lines = members.lines().map(|line| line.split_whitespace());
    lines.any(|mut words| words.any(|word| word == name) && words.any(|word| word == "serving"))
}

/// How long something lasts that has to be borne.
pub(crate) fn last(time: std::time::Duration) {
    assert!(time < TIMEOUT);
    std::thread::sleep(time);
}
