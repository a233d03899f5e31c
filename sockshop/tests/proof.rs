//! Load test, audit and storm, on a whole shop.

mod support;

use std::fs::{File, read_to_string};
use std::io::Write;
use std::process::Output;

use serde_json::Value;
use support::{Shop, free_port, text};

fn json(output: &Output) -> Value {
    let read = serde_json::from_slice(&output.stdout);
    read.unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn one_classic_user_makes_nine_requests_a_visit_and_none_fails() {
    let shop = Shop::open();
    let load = [
        "load",
        "--users",
        "1",
        "--orders",
        "10",
        "--json",
        "--max-error-rate",
        "0%",
    ];
    let output = shop.run(&load);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let summary = json(&output);
    assert_eq!(summary["requests"], 90);
    assert_eq!(summary["failed"], 0);
    assert_eq!(summary["orders"]["acknowledged"], 10);

    let table = shop.run(&["load", "--users", "1", "--orders", "1", "--max-p99", "0ms"]);
    assert_eq!(table.status.code(), Some(1), "past a threshold");
    assert!(text(&table.stdout).contains("POST /orders"));
    assert!(
        text(&table.stderr).contains("p99"),
        "{}",
        text(&table.stderr)
    );
}

#[test]
fn what_shoppers_were_told_is_audited() {
    let shop = Shop::open();
    let folder = tempfile::tempdir().unwrap();
    let (journal, report) = (
        folder.path().join("journal"),
        folder.path().join("report.html"),
    );
    let [journal_name, report_name] = [&journal, &report].map(|path| path.to_str().unwrap());
    let flags = ["--users", "4", "--orders", "8", "--think", "0s", "--json"];
    let files = ["--journal", journal_name, "--report", report_name];
    let load = [&["load", "--profile", "shopper"], &flags[..], &files].concat();
    let output = shop.run(&load);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let summary = json(&output);
    assert_eq!(summary["failed"], 0, "{summary}");
    let acknowledged = summary["orders"]["acknowledged"].as_u64().unwrap();
    assert!(acknowledged >= 8 && summary["visitors"] == 4);
    assert!(read_to_string(&report).unwrap().contains("<svg"));
    let lines = read_to_string(&journal).unwrap().lines().count();
    assert_eq!(lines as u64, acknowledged);

    let audit = ["audit", "--json", "--journal", journal_name];
    let output = shop.run(&audit);
    let found = json(&output);
    assert!(output.status.success() && found["ok"] == true, "{found}");
    assert_eq!(found["acknowledged"], acknowledged);

    let mut file = File::options().append(true).open(&journal).unwrap();
    let forged = r#"{"order_id":"5f5f5f5f5f5f5f5f5f5f5f5f","customer_id":"c","total_cents":1,"idempotency_key":"k","at":1}"#;
    writeln!(file, "{forged}").unwrap();
    let output = shop.run(&[&audit[..], &["--patience", "0s"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let found = json(&output);
    assert_eq!(found["counts"]["lost"], 1, "{found}");
    assert_eq!(found["faults"][0]["order_id"], "5f5f5f5f5f5f5f5f5f5f5f5f");
}

#[test]
fn a_storm_hits_what_it_should_and_leaves_the_shop_whole() {
    let shop = Shop::open_with(&["--scale", "catalogue=2"]);
    let folder = tempfile::tempdir().unwrap();
    let timeline = folder.path().join("storm.jsonl");
    let storm = [
        "chaos",
        "storm",
        "--every",
        "200ms",
        "--duration",
        "4s",
        "--only",
    ];
    let rest = [
        "catalogue,payment",
        "--timeline",
        timeline.to_str().unwrap(),
    ];
    let output = shop.run(&[&storm[..], &rest].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let events: Vec<Value> = read_to_string(&timeline)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let hit = |name: &str| events.iter().any(|event| event["instance"] == name);
    assert!(
        hit("payment-1") && (hit("catalogue-1") || hit("catalogue-2")),
        "{events:?}"
    );
    assert!(!hit("user-1") && !hit("orders-1"));
    for instance in shop.instances() {
        assert_eq!(instance.state, "serving", "{}", instance.instance);
    }
    let restarts = shop.instances().iter().map(|one| one.restarts).sum::<u32>();
    assert!(restarts > 0);
}

#[test]
fn there_must_be_a_shop() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let mut load = support::sockshop();
    let output = load.args(["load", "--url", &url]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not show its first page"));
}
