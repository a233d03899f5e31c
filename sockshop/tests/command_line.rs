//! The command line as its users meet it: real processes, real ports.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::by_hand::{ask, exchange};
use support::{Shop, client, eventually, free_port, signal, sockshop, text, up};

const SERVICES: [&str; 9] = [
    "catalogue",
    "carts",
    "orders",
    "payment",
    "user",
    "shipping",
    "queue-master",
    "front-end",
    "meshd",
];

/// One sentence on standard error, with this exit code.
#[track_caller]
fn assert_refused(output: &Output, code: i32, part: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(part), "`{part}` is not in: {error}");
    if code == 1 {
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[tokio::test]
async fn one_command_opens_the_whole_shop() {
    let shop = Shop::open();
    let page = client().get(&shop.url).send().await.unwrap();
    assert_eq!(page.status(), 200);

    let instances = shop.instances();
    let services: Vec<&str> = instances.iter().map(|one| &*one.service).collect();
    assert_eq!(services, SERVICES);
    let places: BTreeSet<_> = instances
        .iter()
        .map(|one| (&one.address, one.port))
        .collect();
    assert_eq!(places.len(), SERVICES.len());
    for one in &instances {
        assert_eq!((&*one.state, one.restarts), ("serving", 0), "{one:?}");
        assert!(is_alive(one.pid.unwrap()), "{one:?}");
        assert!(one.pss_bytes.unwrap() <= one.rss_bytes.unwrap(), "{one:?}");
        assert!(shop.welcome.contains(&one.instance), "{}", shop.welcome);
        let ready = format!("{}/readyz", one.admin_url());
        assert_eq!(client().get(ready).send().await.unwrap().status(), 200);
    }
}

#[test]
fn the_table_for_people_has_a_line_for_every_instance_and_the_sum() {
    let shop = Shop::open_with(&["--scale", "carts=2"]);
    let table = text(&shop.run(&["status"]).stdout);
    for name in SERVICES {
        assert!(table.contains(&format!(" {name}-1 ")), "{table}");
    }
    assert!(table.contains(" carts-2 "), "{table}");
    assert!(table.contains(" MiB in all\n"), "{table}");
    assert!(table.ends_with(&format!("{}\n", shop.url)), "{table}");
}

#[test]
fn an_instance_that_is_killed_comes_back() {
    let shop = Shop::open();
    let before = shop.instance("catalogue-1");
    let output = shop.run(&["kill", "catalogue-1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    eventually("the catalogue serves again", || {
        let now = shop.instance("catalogue-1");
        now.restarts == 1 && now.state == "serving"
    });
    let after = shop.instance("catalogue-1");
    assert_ne!(after.pid, before.pid);
    assert_eq!(after.url(), before.url());
}

#[test]
fn an_instance_can_be_paused_and_resumed() {
    let shop = Shop::open();
    let state = || shop.instance("orders-1").state;
    assert!(shop.run(&["pause", "orders-1"]).status.success());
    eventually("orders is paused", || state() == "paused");
    assert!(shop.run(&["resume", "orders-1"]).status.success());
    eventually("orders serves", || state() == "serving");
    assert_eq!(shop.instance("orders-1").restarts, 0);

    // Closing wakes up what sleeps, so that it can drain.
    assert!(shop.run(&["pause", "orders-1"]).status.success());
    shop.close();
}

#[test]
fn versions_come_and_go_while_the_shop_runs() {
    let shop = Shop::open_with(&["--scale", "catalogue@v1=1"]);
    let catalogues = || {
        let mut all = shop.instances();
        all.retain(|one| one.service == "catalogue");
        let shown = all
            .iter()
            .map(|one| (one.instance.clone(), one.version.clone()));
        shown.collect::<Vec<_>>()
    };
    let both = [("catalogue-1", "v1"), ("catalogue-2", "v2")];
    let both = both.map(|(name, version)| (name.to_owned(), version.to_owned()));
    assert_eq!(catalogues(), both[..1]);
    let output = shop.run(&["scale", "catalogue@v2=1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(catalogues(), both);
    assert!(shop.run(&["scale", "catalogue@v1=0"]).status.success());
    assert_eq!(catalogues(), both[1..]);

    assert_refused(
        &shop.run(&["scale", "catalogue@v2=50", "catalogue@v1=1"]),
        1,
        "at most 50",
    );
    assert_eq!(catalogues(), both[1..]);
    assert!(shop.instances().iter().all(|one| one.restarts == 0));
}

#[test]
fn an_unknown_instance_is_refused_with_the_names_there_are() {
    let shop = Shop::open();
    let output = shop.run(&["kill", "catalogue-9"]);
    assert_refused(&output, 1, "no instance is called catalogue-9");
    assert!(text(&output.stderr).contains("front-end-1"));
}

async fn items(shop: &Shop) -> Value {
    let url = format!("{}/carts/ada/items", shop.service("carts"));
    let answer = client().get(url).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn data_survives_a_restart_until_it_is_to_be_forgotten() {
    let shop = Shop::open();
    let url = format!("{}/carts/ada/items", shop.service("carts"));
    let item = json!({"itemId": "holy", "unitPrice": 99.99});
    let answer = client().post(url).json(&item).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let key = std::fs::read(shop.data().join("session.key")).unwrap();
    let mode = std::fs::metadata(shop.data().join("session.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let shop = Shop::open_in(shop.close(), &[]);
    assert_eq!(items(&shop).await[0]["itemId"], "holy");
    assert_eq!(std::fs::read(shop.data().join("session.key")).unwrap(), key);

    let data = shop.close();
    std::fs::write(data.path().join("mine.txt"), "not the shop's").unwrap();
    let shop = Shop::open_in(data, &["--fresh"]);
    assert_eq!(items(&shop).await, json!([]));
    assert_ne!(std::fs::read(shop.data().join("session.key")).unwrap(), key);
    assert!(shop.data().join("mine.txt").exists());
}

#[test]
fn a_folder_that_is_not_a_shops_is_never_emptied() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("catalogue.db"), "somebody's").unwrap();
    let output = up(folder.path(), free_port())
        .arg("--fresh")
        .output()
        .unwrap();
    assert_refused(&output, 1, "is not a shop's folder");
    assert!(folder.path().join("catalogue.db").exists());
}

#[test]
fn a_second_shop_in_one_folder_is_refused() {
    let shop = Shop::open();
    for detach in [&[][..], &["--detach"]] {
        let output = up(shop.data(), free_port()).args(detach).output().unwrap();
        assert_refused(&output, 1, "a shop already runs on");
    }
    assert!(shop.instances().iter().all(|one| one.restarts == 0));
}

#[test]
fn a_taken_port_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let output = up(folder.path(), port).output().unwrap();
    assert_refused(&output, 1, &format!("port {port} is taken"));
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = up(file.path(), free_port()).output().unwrap();
    assert_refused(&output, 1, "is a file");
    let output = up(&file.path().join("below"), free_port())
        .output()
        .unwrap();
    assert_refused(&output, 1, "cannot write to the data folder");
    let output = up(Path::new("/proc/shop"), free_port()).output().unwrap();
    assert_refused(&output, 1, "cannot write to the data folder /proc/shop");
}

#[test]
fn wrong_flags_are_explained() {
    for (flags, part) in [
        (&["--scale", "socks=2"][..], "there is no service `socks`"),
        (&["--scale", "carts=many"], "0 to 50"),
        (&["--scale", "carts=0"], "1 to 50"),
        (&["--scale", "meshd=2"], "there is no service `meshd`"),
        (&["--mesh", "0"], "invalid value '0'"),
        (&["scale"], "<SERVICE[@VERSION]=N>"),
        (&["--scale"], "a value is required"),
        (&["--port", "http"], "invalid value 'http'"),
        (&["--port", "0"], "invalid value '0'"),
        (&["sell"], "unrecognized subcommand 'sell'"),
        (&["serve", "socks"], "unrecognized subcommand 'socks'"),
        (&["kill"], "<INSTANCE>"),
    ] {
        let output = sockshop().args(flags).output().unwrap();
        assert_refused(&output, 2, part);
    }
}

#[test]
fn without_a_shop_there_is_nothing_to_look_at_or_to_close() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["down"],
        &["kill", "carts-1"],
        &["scale", "carts=2"],
        &["mesh", "members"],
    ] {
        let output = sockshop()
            .args(command)
            .arg("--data")
            .arg(folder.path())
            .output()
            .unwrap();
        assert_refused(&output, 1, "no shop runs on");
    }
}

#[tokio::test]
async fn two_shops_live_side_by_side() {
    let [first, second] = [Shop::open(), Shop::open_with(&["--scale", "catalogue=2"])];
    let places = |shop: &Shop| -> BTreeSet<String> {
        shop.instances()
            .iter()
            .flat_map(|one| [one.url(), one.admin_url()])
            .collect()
    };
    assert!(places(&first).is_disjoint(&places(&second)));
    for shop in [&first, &second] {
        assert_eq!(client().get(&shop.url).send().await.unwrap().status(), 200);
    }
    first.close();
    assert_eq!(
        client().get(&second.url).send().await.unwrap().status(),
        200
    );
    let catalogues = second
        .instances()
        .into_iter()
        .filter(|one| one.service == "catalogue");
    for one in catalogues {
        let answer = client().get(one.url() + "/catalogue").send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[test]
fn no_service_outlives_its_supervisor() {
    let shop = Shop::open();
    let pids: Vec<u32> = shop.instances().iter().filter_map(|one| one.pid).collect();
    assert_eq!(pids.len(), SERVICES.len());
    signal(shop.supervisor(), Signal::KILL);
    eventually("all services have ended", || {
        !pids.iter().any(|&pid| is_alive(pid))
    });
}

#[test]
fn a_shop_whose_supervisor_was_killed_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let detach = || up(folder.path(), port).arg("--detach").output().unwrap();
    let status = |flag| {
        sockshop()
            .args(["status", flag, "--data"])
            .arg(folder.path())
            .output()
            .unwrap()
    };

    let output = detach();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).ends_with(&format!("http://127.0.0.1:{port}\n")));
    let state: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("state.json")).unwrap()).unwrap();
    let supervisor = state["supervisor"]["pid"].as_u64().unwrap();
    signal(supervisor.try_into().unwrap(), Signal::KILL);
    eventually("nobody is there", || !status("--json").status.success());

    let output = detach();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = sockshop()
        .args(["down", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!status("--json").status.success());
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn what_does_not_start_is_named_with_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("catalogue.db"), vec![b'x'; 4096]).unwrap();
    for detach in [&[][..], &["--detach"]] {
        let output = up(folder.path(), free_port())
            .args(detach)
            .output()
            .unwrap();
        assert_refused(&output, 1, "catalogue-1 does not start: ");
        assert!(
            text(&output.stderr).contains("database"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn logs_are_readable_and_can_be_narrowed() {
    let shop = Shop::open();
    let all = text(&shop.run(&["logs"]).stdout);
    let one = text(&shop.run(&["logs", "cart"]).stdout);
    for name in SERVICES {
        assert!(all.contains(&format!("  {name}-1 ")), "{all}");
        assert_eq!(
            one.contains(&format!("  {name}-1 ")),
            name == "carts",
            "{one}"
        );
    }
    assert!(one.contains("INFO  serving"), "{one}");
    assert!(!one.contains('{'), "{one}");
    assert_refused(&shop.run(&["logs", "socks"]), 1, "socks has no log");
}

#[test]
fn logs_can_be_followed() {
    use std::io::{BufRead, BufReader};
    let shop = Shop::open();
    let mut follower = sockshop()
        .args(["logs", "user", "-f", "-n", "0", "--data"])
        .arg(shop.data())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    assert!(shop.run(&["kill", "user-1"]).status.success());
    let lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line.contains("user-1") && line.contains("serving")));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn a_container_asks_itself_how_it_is() {
    let shop = Shop::open();
    let carts = shop.instance("carts-1");
    let health = || {
        let mut command = sockshop();
        command.args(["health", "--admin-port", &carts.admin_port.to_string()]);
        command
            .env("BIND_ADDRESS", &carts.address)
            .output()
            .unwrap()
    };
    assert!(health().status.success(), "{}", text(&health().stderr));
    let url = format!("{}/nowhere", carts.admin_url());
    let output = sockshop().args(["health", "--url", &url]).output().unwrap();
    assert_refused(&output, 1, "answers 404");
    shop.close();
    assert_refused(&health(), 1, "does not answer");
}

/// A request that the front-end takes longer to answer than any test waits.
fn slow_request(shop: &Shop) -> std::net::TcpStream {
    let slow = r#"{"latency_ms":20000}"#;
    let length = format!("Content-Length: {}", slow.len());
    let head = [
        "PUT /faults HTTP/1.1",
        "Content-Type: application/json",
        &length,
    ];
    let set = exchange(&shop.instance("front-end-1").admin_url(), &head, slow);
    assert!(set.starts_with("HTTP/1.1 200 "), "{set}");
    ask(&shop.url, &["GET /sign-in HTTP/1.1"], "")
}

#[test]
fn telling_it_twice_ends_it_at_once() {
    let shop = Shop::open();
    let pids: Vec<u32> = shop.instances().iter().filter_map(|one| one.pid).collect();
    let _in_flight = slow_request(&shop);
    signal(shop.supervisor(), Signal::INT);
    eventually("the shop drains", || {
        let state = std::fs::read_to_string(shop.data().join("state.json")).unwrap();
        state.contains("draining")
    });
    signal(shop.supervisor(), Signal::INT);
    let error = shop.last_words();
    assert!(error.contains("told twice to end"), "{error}");
    assert!(!pids.iter().any(|&pid| is_alive(pid)));
}
