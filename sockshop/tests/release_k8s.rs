//! `sockshop release --target k8s` against a stand-in of kubectl that keeps a
//! cluster in a file. It needs Python: `cargo test --test release_k8s -- --ignored`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A cluster, and the records of who releases to it.
struct Cluster(TempDir);

impl Cluster {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn sockshop(&self, words: &[&str]) -> Output {
        self.in_trouble("", words)
    }

    /// As [`sockshop`](Self::sockshop), where one change by kubectl goes wrong.
    fn in_trouble(&self, trouble: &str, words: &[&str]) -> Output {
        let stand_ins = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand_ins");
        let path = format!("{stand_ins}:{}", std::env::var("PATH").unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockshop"));
        if !trouble.is_empty() {
            command.env("KUBECTL_TROUBLE", trouble);
        }
        command
            .args(words)
            .args(["--target", "k8s", "--data"])
            .arg(self.0.path())
            .env("PATH", path)
            .env("KUBECTL_STATE", self.0.path().join("cluster"))
            .output()
            .unwrap()
    }

    fn release(&self, how: &str, to: &str, more: &[&str]) -> Output {
        let words = ["release", how, "catalogue", "--to", to, "--window", "1s"];
        self.sockshop(&[&words, more].concat())
    }

    fn state(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.0.path().join("cluster")).unwrap()).unwrap()
    }

    /// Versions by name of the Deployment.
    fn versions(&self) -> Value {
        let state = self.state();
        let all = state["deployments"].as_object().unwrap().iter();
        let labels = |one: &Value| one["spec"]["template"]["metadata"]["labels"]["version"].clone();
        Value::Object(all.map(|(name, one)| (name.clone(), labels(one))).collect())
    }
}

impl Cluster {
    /// Whether a release has begun and not ended.
    fn is_left_alone(&self) -> bool {
        self.0.path().join("releases/k8s/catalogue.json").exists()
    }
}

fn said(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(error)
}

#[test]
#[ignore = "needs Python"]
fn a_good_version_takes_over_step_by_step() {
    let cluster = Cluster::new();
    let done = cluster.release("canary", "v2", &["--steps", "25,100"]);
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(
        cluster.versions(),
        json!({"catalogue": "v2", "orders": "0.1.0"})
    );
    let state = cluster.state();
    let shares = json!([
        {"0.1.0": 100}, {"0.1.0": 75, "v2": 25}, {"0.1.0": 0, "v2": 100}, {"v2": 100}
    ]);
    assert_eq!(state["shares"], shares);
    assert_eq!(state["policies"], json!({}));
    let pod = &state["deployments"]["catalogue"]["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "sockshop/catalogue:v2");
    let ready = cluster.sockshop(&["release", "history"]);
    assert!(said(&ready).contains("promoted"), "{}", said(&ready));
}

#[test]
#[ignore = "needs Python"]
fn a_bad_version_is_stopped_and_leaves_nothing() {
    let cluster = Cluster::new();
    let stopped = cluster.release("canary", "v2-errors", &["--steps", "25,100"]);
    assert!(!stopped.status.success());
    assert!(said(&stopped).contains("aborted"), "{}", said(&stopped));
    let old = json!({"catalogue": "0.1.0", "orders": "0.1.0"});
    assert_eq!(cluster.versions(), old);
    assert_eq!(cluster.state()["policies"], json!({}));
}

#[test]
#[ignore = "needs Python"]
fn a_dry_run_types_what_a_person_would_and_changes_nothing() {
    let cluster = Cluster::new();
    let shown = cluster.release("blue-green", "v2", &["--dry-run"]);
    assert!(shown.status.success(), "{}", said(&shown));
    for line in [
        "kubectl --namespace sock-shop create --filename - <<'END'",
        "-- /sockshop mesh policy catalogue 0.1.0=0 v2=100",
        "\"image\": \"sockshop/catalogue:v2\"",
    ] {
        assert!(said(&shown).contains(line), "{line}\n{}", said(&shown));
    }
    let old = json!({"catalogue": "0.1.0", "orders": "0.1.0"});
    assert_eq!(cluster.versions(), old);
}

/// Releases v2 while the `number`th change of kubectl goes wrong, ends what is left of
/// it by the `last` command, and looks that one version is left, the one that is told
/// of. Returns whether there were so many changes.
fn one_change_goes_wrong(number: u64, how: &str, last: &str) -> bool {
    let cluster = Cluster::new();
    let begin = ["release", "blue-green", "catalogue", "--to", "v2"];
    let begin = [&begin[..], &["--window", "1s"]].concat();
    let trouble = format!("{number}:{how}");
    let mut done = cluster.in_trouble(&trouble, &begin);
    let changes = cluster.state()["changes"].as_u64().unwrap();
    let mut stays = if done.status.success() { "v2" } else { "0.1.0" };
    if cluster.is_left_alone() {
        done = match last {
            "begin" => cluster.sockshop(&begin),
            last => cluster.sockshop(&["release", last, "catalogue"]),
        };
        let is_done = done.status.success() || said(&done).contains("is v2 already");
        assert!(is_done, "{trouble} {last}: {}", said(&done));
        stays = if last == "abort" { "0.1.0" } else { "v2" };
    }
    let seen = format!("{trouble} {last}: {}", said(&done));
    let versions = json!({"catalogue": stays, "orders": "0.1.0"});
    assert_eq!(cluster.versions(), versions, "{seen}");
    assert_eq!(cluster.state()["policies"], json!({}), "{seen}");
    assert!(!cluster.is_left_alone(), "{seen}");
    changes >= number
}

/// Each change of a release goes wrong in its turn, in each way. All at once: they wait
/// more than they work.
#[test]
#[ignore = "needs Python"]
fn no_change_that_goes_wrong_leaves_a_version_that_nobody_knows_of() {
    let ways = [
        ("before", "abort"),
        ("kill", "abort"),
        ("kill", "promote"),
        ("kill", "begin"),
    ];
    let tried = std::thread::scope(|scope| {
        let ends = ways.map(|(how, last)| {
            scope.spawn(move || {
                (1..100)
                    .take_while(|number| one_change_goes_wrong(*number, how, last))
                    .count()
            })
        });
        ends.map(|end| end.join().unwrap())
    });
    assert!(tried.iter().all(|changes| *changes >= 4), "{tried:?}");
}

#[test]
fn the_stand_in_has_the_names_and_labels_of_the_manifests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for service in ["catalogue", "orders"] {
        let manifest = root.join(format!("k8s/base/{service}.yaml"));
        let manifest = std::fs::read_to_string(manifest).unwrap();
        for line in [
            format!("  name: {service}\n"),
            format!("  labels: {{ name: {service}, app.kubernetes.io/name: {service} }}\n"),
            format!(
                "    matchLabels: {{ name: {service}, app.kubernetes.io/instance: {service} }}\n"
            ),
            format!(
                "      labels: {{ name: {service}, app.kubernetes.io/name: {service}, \
                 app.kubernetes.io/instance: {service}, track: stable, version: 0.1.0 }}\n"
            ),
            format!("        - name: {service}\n          image: sockshop/{service}:0.1.0\n"),
        ] {
            assert!(manifest.contains(&line), "{line}");
        }
    }
}
